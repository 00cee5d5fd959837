import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What becomes of a container that is to be created: it is, nothing answers, or the engine refuses with that reason. */
export type Fate = 'created' | 'held' | { refused: string }

/** The engine of this machine at another address, where containers meet the fate that is asked for. */
export interface EngineRelay {
  /** `unix://…`, for DOCKER_HOST. */
  address: string
  close(): Promise<void>
}

const engine = '/var/run/docker.sock'

/** @param fateOf by the name of the container; unset: the engine is found, and then answers nothing */
export async function relayEngine(fateOf?: (name: string) => Fate): Promise<EngineRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-engine-'))
  const socket = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => relay(request, response, fateOf))
  // Sessions of exec leave HTTP: from then on both ends speak as they like.
  server.on('upgrade', (request, client: Socket, head) => {
    const upstream = connect(engine, () => {
      const headers = request.rawHeaders.flatMap((name, at, all) =>
        at % 2 === 0 ? `${name}: ${all[at + 1] ?? ''}` : [],
      )
      upstream.write([`${request.method ?? ''} ${request.url ?? ''} HTTP/1.1`, ...headers, '', ''].join('\r\n'))
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('error', () => upstream.destroy())
  })
  server.on('connection', (client: Socket) => sockets.add(client.on('close', () => sockets.delete(client))))
  server.listen(socket)
  await once(server, 'listening')
  return {
    address: `unix://${socket}`,
    async close() {
      server.close()
      for (const client of sockets) client.destroy()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function relay(request: IncomingMessage, response: ServerResponse, fateOf?: (name: string) => Fate): void {
  const { method = '', url = '', headers } = request
  const { pathname, searchParams } = new URL(url, 'http://engine')
  const isDown = fateOf === undefined && pathname !== '/version'
  const fate = isDown
    ? { refused: 'the engine is shutting down' }
    : fateOf && method === 'POST' && pathname.endsWith('/containers/create')
      ? fateOf(searchParams.get('name') ?? '')
      : 'created'
  if (fate === 'held') return
  if (fate !== 'created') {
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ message: fate.refused }))
    return
  }
  const upstream = ask({ socketPath: engine, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  upstream.on('error', (error) => response.destroy(error))
  response.on('close', () => upstream.destroy())
  request.pipe(upstream)
}
