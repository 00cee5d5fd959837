import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { blobRequest } from './blobs.ts'
import { manifestRequest, referrers } from './manifests.ts'
import { RegistryRefusal } from './refusal.ts'
import type { RegistryAnswer } from './request.ts'
import { openRegistryStore, type RegistryStore } from './store.ts'
import { uploadRequest } from './uploads.ts'

/** A registry of images at `localhost:<port>`, for pushes from this machine and pulls by the workers. */
export interface LocalRegistry {
  readonly port: number
  stop(): Promise<void>
}

/**
 * Serves the OCI distribution specification (v1.1) on 127.0.0.1 alone, without credentials: whoever may connect to this
 * machine's loopback may push.
 * @param folder of its images, kept over restarts @throws Error for the user when the port cannot be had
 */
export async function startRegistry({
  folder,
  port,
  log,
}: {
  folder: string
  port: number
  log: Log
}): Promise<LocalRegistry> {
  const store = await openRegistryStore(folder)
  const server = createServer((message, response) => {
    answer(message, store)
      .catch((error: unknown) => refusalAnswer(error, log))
      .then((answered) => send(message, response, answered))
      .catch(() => response.destroy())
  })
  // Layers may take longer than a page's request.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used: ${error.message}`
      reject(new Error(`port ${port} of 127.0.0.1, for the registry, ${why}`))
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  server.on('error', (error) => log.warn('registry', { error: messageOf(error) }))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

const handlers = { blobs: blobRequest, uploads: uploadRequest, manifests: manifestRequest, referrers } as const

/** Names of repositories by the specification. */
const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const longestName = 255

/** @throws RegistryRefusal */
async function answer(message: IncomingMessage, store: RegistryStore): Promise<RegistryAnswer> {
  refuseBrowsers(message)
  const { pathname, searchParams: query } = new URL(message.url ?? '/', 'http://localhost')
  const method = message.method ?? 'GET'
  if (pathname === '/v2/' || pathname === '/v2') return json({})
  if (pathname === '/v2/_catalog') return page(query, 'repositories', await store.repositories(), '/v2/_catalog')
  const [, name = '', room, reference = ''] =
    /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|referrers|tags\/list)(?:\/([^/]*))?$/.exec(pathname) ?? []
  if (room === undefined) throw new RegistryRefusal('NAME_UNKNOWN', 'there is nothing at this path')
  if (name.length > longestName || !namePattern.test(name))
    throw new RegistryRefusal('NAME_INVALID', `invalid repository name: ${name.slice(0, longestName)}`)
  if (room === 'tags/list') return tagList(store, name, query)
  const kind = room === 'blobs/uploads' ? 'uploads' : (room as keyof typeof handlers)
  return handlers[kind]({ message, method, repository: name, reference, query, store })
}

/** A page of any site may send requests to this machine: engines send no origin, and name the registry as `localhost`. */
function refuseBrowsers({ headers: { host = '', origin } }: IncomingMessage): void {
  const isLocal = /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host)
  if (origin !== undefined || !isLocal) throw new RegistryRefusal('DENIED', 'the registry is at localhost, for engines')
}

async function tagList(store: RegistryStore, name: string, query: URLSearchParams): Promise<RegistryAnswer> {
  const tags = await store.tags(name)
  if (!tags) throw new RegistryRefusal('NAME_UNKNOWN', `repository name not known to registry: ${name}`)
  return page(query, 'tags', tags, `/v2/${name}/tags/list`, { name })
}

function page(query: URLSearchParams, field: string, all: string[], path: string, more: object = {}): RegistryAnswer {
  const last = query.get('last')
  const after = last === null ? all : all.filter((one) => one > last)
  const most = query.has('n') ? Number(query.get('n')) : after.length
  if (!Number.isInteger(most) || most < 0) throw new RegistryRefusal('UNSUPPORTED', 'n must be a number')
  const some = after.slice(0, most)
  const next = some.length < after.length && some.length > 0
  const link = `<${path}?n=${most}&last=${encodeURIComponent(some.at(-1) ?? '')}>; rel="next"`
  return { ...json({ ...more, [field]: some }), ...(next ? { headers: { ...jsonHeaders, link } } : {}) }
}

const jsonHeaders = { 'content-type': 'application/json' }
const json = (value: object): RegistryAnswer => ({ status: 200, headers: jsonHeaders, body: JSON.stringify(value) })

function refusalAnswer(error: unknown, log: Log): RegistryAnswer {
  if (!(error instanceof RegistryRefusal)) {
    log.warn('a request of the registry failed', { error: messageOf(error) })
    return errorAnswer(500, 'UNKNOWN', 'the registry failed')
  }
  return errorAnswer(error.status, error.code, error.message)
}

const errorAnswer = (status: number, code: string, message: string): RegistryAnswer => ({
  status,
  headers: jsonHeaders,
  body: JSON.stringify({ errors: [{ code, message, detail: {} }] }),
})

async function send(message: IncomingMessage, response: ServerResponse, answered: RegistryAnswer): Promise<void> {
  const { status, headers = {}, body = '' } = answered
  // What a refused request still sends is not read: its connection cannot be used again.
  const unread = message.complete ? {} : { connection: 'close' }
  response.writeHead(status, {
    'docker-distribution-api-version': 'registry/2.0',
    ...unread,
    ...lengthOf(body),
    ...headers,
  })
  if (message.method === 'HEAD') response.end()
  else if (typeof body === 'string' || Buffer.isBuffer(body)) response.end(body)
  else await pipeline(body, response)
}

const lengthOf = (body: RegistryAnswer['body']): Record<string, number> =>
  typeof body === 'string' || Buffer.isBuffer(body) ? { 'content-length': Buffer.byteLength(body) } : {}
