import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'yaml'
import { ApiError, badRequest, serviceUnavailable } from '#shared/kube/status.ts'
import type { KubeContext } from './kube-context.ts'

/** A way to a context for one run of a program. */
export interface ApiDoor {
  /** Path of the kubeconfig that leads through it. */
  kubeconfig: string
  close(): Promise<void>
}

/** Most bytes of a request: an API server takes 3 MiB. */
const mostBytes = 8 * 2 ** 20

/**
 * Lets a program speak with a context without its credentials: a port of 127.0.0.1 that answers only under a secret path, which is
 * in a kubeconfig of mode 0600, and gone with the run. Credential plugins, sign-ins, proxies and the lock of read-only contexts hold
 * for the program as for the window.
 */
export async function openApiDoor(context: KubeContext): Promise<ApiDoor> {
  const secret = randomBytes(32).toString('hex')
  const folder = await mkdtemp(join(tmpdir(), 'slipway-door-'))
  const server = createServer((request, response) => void answer(context, `/${secret}`, request, response))
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}/${secret}`), { mode: 0o600 })
    return { kubeconfig, close: () => close(server, folder) }
  } catch (error) {
    await close(server, folder)
    throw error
  }
}

async function close(server: Server, folder: string): Promise<void> {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
}

const name = 'slipway'
const kubeconfigOf = (server: string): string =>
  stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': name },
    clusters: [{ name, cluster: { server } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [{ name, user: {} }],
  })

async function answer(
  context: KubeContext,
  prefix: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '', headers } = request
  // Pages of browsers send an origin.
  if (!url.startsWith(`${prefix}/`) || headers.origin !== undefined) {
    response.writeHead(404).end()
    return
  }
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    // `--as` would be dropped on the way, and the program would have more rights than it was given.
    if (Object.keys(headers).some((header) => header.startsWith('impersonate-')))
      throw badRequest('Slipway passes on no request that is made as somebody else (--as)')
    const body = await read(request)
    const upstream = await context.open({
      ...{ method, path: url.slice(prefix.length), signal: gone.signal },
      ...(body.length > 0 ? { body } : {}),
      contentType: headers['content-type'],
      accept: headers.accept,
    })
    const { 'content-type': type, warning } = upstream.headers
    response.writeHead(upstream.statusCode ?? 500, {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(warning === undefined ? {} : { warning }),
    })
    // A watch begins with its head.
    response.flushHeaders()
    await pipeline(upstream, response)
  } catch (error) {
    if (response.headersSent) return void response.destroy()
    const { code, status } =
      error instanceof ApiError ? error : serviceUnavailable('the request could not be passed on')
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status))
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw serviceUnavailable('the request is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
