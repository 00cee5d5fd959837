import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { podImage } from './engine.ts'
import { createLoad, createNamespace, untilTrue, type Load } from './load.ts'
import { startPod, watchPods } from './pod-watch.ts'

type Row = [what: string, value: number | string, unit: string]

/**
 * What a pod waits for the cluster's DNS, from the pod's own network namespace, and how long a connection of UDP keeps going to
 * an endpoint that is gone.
 * @param options `worker`: name of the one worker's container
 */
export async function measureDns(options: { server: string; token: string; worker: string }): Promise<Row[]> {
  const { server, token, worker } = options
  const load = createLoad({ server, token, parallel: 4 })
  const namespace = `dns-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  const path = `/api/v1/namespaces/${namespace}/pods`
  const watch = watchPods({ server, token, path })
  for (const name of ['client', 'one', 'two']) await startPod({ load, path, watch }, name, podImage)
  const addressOf = async (name: string): Promise<string> =>
    ((await load.send('GET', `${path}/${name}`)).json() as { status: { podIP: string } }).status.podIP
  const client = { worker, pid: await pidOf(worker, `k8s_c_client_${namespace}_`) }
  const rows: Row[] = []
  for (const [what, name] of [
    ['a Service', 'kubernetes.default.svc.cluster.local'],
    ['a name that is none', 'nobody.default.svc.cluster.local'],
  ] as const)
    for (const parallel of [1, 16]) {
      const times = JSON.parse(await inPod(client, ask, name, parallel)) as number[]
      const at = (share: number): number => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2))
      rows.push([`DNS, ${what}, ${parallel} at once: p50, p99 (goal 2)`, `${at(0.5)}, ${at(0.99)}`, 'ms'])
    }
  const flows: number[] = []
  for (let round = 0; round < 5; round++)
    flows.push(
      await measureFlow({ load, namespace, round, client, from: await addressOf('one'), to: await addressOf('two') }),
    )
  rows.push([
    'UDP to a Service: from a new endpoint’s write until the old one’s flow is gone, median of 5',
    Math.round(flows.sort((a, b) => a - b)[2] ?? 0),
    'ms',
  ])
  watch.stop()
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  load.stop()
  return rows
}

interface Client {
  worker: string
  pid: string
}

/** A Service of UDP whose one endpoint is replaced while a client sends to it. */
async function measureFlow({
  load,
  namespace,
  round,
  client,
  from,
  to,
}: {
  load: Load
  namespace: string
  round: number
  client: Client
  from: string
  to: string
}): Promise<number> {
  const name = `udp-${round}`
  const port = { name: 'p', protocol: 'UDP', port: 4_000 }
  const { spec } = (
    await load.send('POST', `/api/v1/namespaces/${namespace}/services`, {
      metadata: { name },
      spec: { ports: [port] },
    })
  ).json() as { spec: { clusterIP: string } }
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  const slice = (address: string) => ({
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [port],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  })
  await load.send('POST', slices, slice(from))
  const follow = spawn('docker', [
    'exec',
    '-i',
    client.worker,
    'node',
    '-e',
    followFlow,
    client.pid,
    spec.clusterIP,
    from,
  ])
  const lines: Record<string, number> = {}
  follow.stdout.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n'))
      if (line) lines[line.split(' ')[0] ?? ''] = Number(line.split(' ')[1])
  })
  await untilTrue(() => lines['there'] !== undefined, 5)
  const begun = performance.timeOrigin + performance.now()
  await load.send('PUT', `${slices}/${name}`, slice(to))
  await once(follow, 'close')
  return (lines['gone'] ?? Infinity) - begun
}

/** Asks for an A record 4,000 times; prints how long each answer took, ms, the shortest first. */
const ask = `
const { createSocket } = require('node:dgram')
const [name, parallel] = [process.argv[1], Number(process.argv[2])]
const question = Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0, 0, 1, 0, 1])])
const times = []
const client = (count) => new Promise((resolve) => {
  const socket = createSocket('udp4')
  let begun = 0
  const send = () => { begun = performance.now(); socket.send(question, 53, '10.96.0.10') }
  socket.on('message', () => {
    times.push(performance.now() - begun)
    if (--count > 0) send()
    else socket.close(resolve)
  })
  send()
})
Promise.all(Array.from({ length: parallel }, () => client(4_000 / parallel)))
  .then(() => console.log(JSON.stringify(times.sort((a, b) => a - b))))
`

/** Sends a datagram each 2 ms from one port; says when the kernel has the flow to the endpoint, and when no longer. */
const followFlow = `
const { spawn, execFileSync } = require('node:child_process')
const [pid, service, endpoint] = process.argv.slice(1)
const sender = spawn('nsenter', ['-t', pid, '-n', 'node', '-e',
  "const s = require('node:dgram').createSocket('udp4'); s.bind(4001); setInterval(() => s.send('x', 4000, process.argv[1]), 2)", service])
let there = false
const look = () => {
  let text = ''
  try { text = execFileSync('conntrack', ['-L', '-p', 'udp', '-d', service], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }) } catch {}
  const has = text.includes('src=' + endpoint)
  if (has && !there) { there = true; console.log('there ' + Date.now()) }
  if (there && !has) { console.log('gone ' + Date.now()); sender.kill(); process.exit() }
  setTimeout(look, 2)
}
look()
`

/** Runs a script of Node's in the network namespace of a pod. */
async function inPod({ worker, pid }: Client, script: string, name: string, parallel: number): Promise<string> {
  const child = spawn('docker', [
    'exec',
    worker,
    'nsenter',
    '-t',
    pid,
    '-n',
    'node',
    '-e',
    script,
    name,
    String(parallel),
  ])
  return text(child.stdout)
}

/** The first process of a pod's container, as the worker sees it. */
async function pidOf(worker: string, prefix: string): Promise<string> {
  const get = `const http = require('node:http')
const get = (path) => new Promise((resolve) => http.get({ socketPath: '/run/slipway/docker.sock', path }, async (answer) => {
  let text = ''
  for await (const chunk of answer) text += chunk
  resolve(JSON.parse(text))
}))
get('/containers/json').then((all) => all.find(({ Names }) => Names[0].startsWith('/' + process.argv[1])))
  .then(({ Id }) => get('/containers/' + Id + '/json')).then(({ State }) => console.log(State.Pid))`
  const { stdout } = await promisify(execFile)('docker', ['exec', worker, 'node', '-e', get, prefix])
  return stdout.trim()
}
