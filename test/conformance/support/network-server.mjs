// Runs inside a pod: `node --input-type=module -e <this text>`, on the Node of the image `slipway/test-server:1`.
//   HTTP on $HTTP_PORT: /hostname; /dial, /resolve and /lookup, which ask others; anything else says what was asked.
//   UDP on $UDP_PORT: answers with the pod's name.
//   $PAGES, $TLS_PAGES: JSON, the text that each further port serves; TLS with $TLS_CERT and $TLS_KEY.
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'

const { HTTP_PORT = 8080, UDP_PORT = 8081, PAGES = '{}', TLS_PAGES = '{}', TLS_CERT, TLS_KEY } = process.env
const patience = 3_000

const actions = {
  '/hostname': () => hostname(),
  '/dial': dial,
  '/resolve': async (query) => JSON.stringify(await resolve(query)),
  '/lookup': async ({ name }) =>
    JSON.stringify((await lookup(name, { all: true, family: 4 })).map(({ address }) => address)),
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://self')
  const action = actions[url.pathname]
  const { method } = request
  response.setHeader('x-asked', `${method} ${url.pathname}`)
  try {
    const body = await text(request)
    response.end(
      action
        ? await action(Object.fromEntries(url.searchParams))
        : JSON.stringify({ method, path: url.pathname, query: url.search, body }),
    )
  } catch (error) {
    response.writeHead(502).end(String(error))
  }
}).listen(HTTP_PORT)

const udp = createSocket('udp4')
udp.on('message', (_, from) => udp.send(hostname(), from.port, from.address)).bind(Number(UDP_PORT))

const page = (body) => (_, response) => response.setHeader('content-type', 'text/html').end(body)
for (const [port, body] of Object.entries(JSON.parse(PAGES))) createServer(page(body)).listen(port)
for (const [port, body] of Object.entries(JSON.parse(TLS_PAGES)))
  createTlsServer({ cert: TLS_CERT, key: TLS_KEY }, page(body)).listen(port)

process.once('SIGTERM', () => process.exit(0))

/** Asks a server a number of times, by a connection of its own each. @returns JSON, the answers and errors in order */
async function dial({ protocol, host, port, times, from }) {
  const ask = protocol === 'udp' ? askUdp : askHttp
  const answers = []
  for (let left = Number(times); left > 0; left--)
    answers.push(await ask(host, Number(port), from).catch((error) => `failed: ${error.code ?? error.message}`))
  return JSON.stringify(answers)
}

function askHttp(host, port, localAddress) {
  return new Promise((done, fail) => {
    const signal = AbortSignal.timeout(patience)
    get({ host, port, path: '/hostname', agent: false, signal, localAddress }, (response) => {
      text(response).then(done, fail)
    }).on('error', fail)
  })
}

function askUdp(host, port) {
  const socket = createSocket('udp4')
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error('no answer')), patience)
    socket.on('message', (message) => {
      clearTimeout(late)
      done(String(message))
    })
    socket.on('error', fail)
    socket.send('who', port, host, (error) => error && fail(error))
  }).finally(() => socket.close())
}

// DNS, as a resolver does it with the pod's own resolv.conf: its search list, over UDP or TCP.

const types = { A: 1, CNAME: 5, PTR: 12, SRV: 33 }

/** @returns the data of the records, as text */
async function resolve({ name, type, protocol = 'udp' }) {
  const lines = readFileSync('/etc/resolv.conf', 'utf8').split('\n')
  const valuesOf = (key) => lines.flatMap((line) => (line.startsWith(`${key} `) ? line.split(/\s+/).slice(1) : []))
  const [server] = valuesOf('nameserver')
  const dots = Number(/ndots:(\d+)/.exec(valuesOf('options').join(' '))?.[1] ?? 1)
  const searched = valuesOf('search').map((suffix) => `${name}.${suffix}`)
  const names = name.split('.').length > dots ? [name, ...searched] : [...searched, name]
  for (const each of name.endsWith('.') ? [name] : names) {
    const query = questionOf(each, types[type])
    const records = recordsOf(await (protocol === 'tcp' ? queryTcp : queryUdp)(query, server), types[type])
    if (records.length > 0) return records
  }
  return []
}

function questionOf(name, type) {
  const labels = name.replace(/\.$/, '').split('.')
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...parts, Buffer.from([0, 0, type, 0, 1])])
}

function queryUdp(query, server) {
  const socket = createSocket('udp4')
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error('no answer of the name server')), patience)
    socket.on('message', (message) => {
      clearTimeout(late)
      done(message)
    })
    socket.on('error', fail)
    socket.send(query, 53, server)
  }).finally(() => socket.close())
}

async function queryTcp(query, server) {
  const socket = connect(53, server)
  socket.setTimeout(patience, () => socket.destroy(new Error('no answer of the name server')))
  socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]))
  const chunks = []
  for await (const chunk of socket) {
    chunks.push(chunk)
    const all = Buffer.concat(chunks)
    if (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) return all.subarray(2)
  }
  throw new Error('the name server closed the connection')
}

function recordsOf(message, wanted) {
  let [, at] = nameAt(message, 12)
  at += 4
  const records = []
  for (let left = message.readUInt16BE(6); left > 0; left--) {
    ;[, at] = nameAt(message, at)
    const type = message.readUInt16BE(at)
    const data = at + 10
    at = data + message.readUInt16BE(at + 8)
    if (type !== wanted) continue
    if (type === types.A) records.push([...message.subarray(data, at)].join('.'))
    else if (type === types.SRV) records.push(`${message.readUInt16BE(data + 4)} ${nameAt(message, data + 6)[0]}`)
    else records.push(nameAt(message, data)[0])
  }
  return records
}

/** @returns the name that starts there, and where what follows it starts */
function nameAt(message, start) {
  const labels = []
  let at = start
  let after
  for (;;) {
    const length = message[at]
    if (length === 0) return [labels.join('.'), after ?? at + 1]
    if (length >= 0xc0) {
      after ??= at + 2
      at = message.readUInt16BE(at) & 0x3fff
      continue
    }
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
}
