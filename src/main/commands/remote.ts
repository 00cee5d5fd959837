import { request } from 'node:http'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { WebSocket } from 'ws'
import type { Cluster } from '#shared/contract/clusters.ts'
import type { Contract } from '#shared/contract/index.ts'
import { ExpectedError } from './expected-error.ts'
import { controlSocketOf } from './homes.ts'

/** A client of the process that serves a home, over its control socket and the user interface's RPC contract. */
export interface Remote {
  call: ContractRouterClient<Contract>
  clusters(): Promise<Cluster[]>
  /** Waits until no operation runs on `name`. @throws ExpectedError with the operation's error */
  settled(name: string): Promise<void>
  close(): void
}

export async function connectRemote(home: string): Promise<Remote> {
  const socket = new WebSocket(`ws+unix:${controlSocketOf(home)}:/rpc`)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('error', reject)
  })
  const call = createORPCClient<ContractRouterClient<Contract>>(new RPCLink({ websocket: domSocket(socket) }))
  async function* watch(): AsyncGenerator<Cluster[]> {
    const stream = await call.clusters.watch(opened({}))
    for await (const { clusters } of stream) yield clusters
  }
  return {
    call,
    async clusters() {
      for await (const clusters of watch()) return clusters
      throw new ExpectedError('slipway closed the connection')
    },
    async settled(name) {
      for await (const clusters of watch()) {
        const operation = clusters.find((cluster) => cluster.name === name)?.operation
        if (operation?.state === 'running') continue
        if (operation?.error) throw new ExpectedError(operation.error)
        return
      }
    },
    close: () => socket.close(),
  }
}

/** A fresh sign-in URL of the process that serves `home`. */
export function signInUrl(home: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath: controlSocketOf(home), method: 'POST', path: '/sign-in' }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

/** What the client of a stream of the contract sends: how it opens, and as much credit as it will ever need. */
export async function* opened<Open>(open: Open): AsyncGenerator<{ open: Open } | { credit: number }> {
  yield { open }
  yield { credit: 10_000 }
  // The stream stays open as long as its input does.
  await new Promise(() => undefined)
}

/** A socket of `ws` with the listener options of the DOM, which oRPC's types ask for. */
function domSocket(socket: WebSocket) {
  type Events = WebSocket.WebSocketEventMap
  return {
    get readyState() {
      return socket.readyState
    },
    send: (message: string | ArrayBufferLike | Blob | ArrayBufferView) => socket.send(message),
    addEventListener<K extends keyof Events>(
      type: K,
      listener: (event: Events[K]) => void,
      { once = false }: { once?: boolean } = {},
    ) {
      socket.addEventListener(type, listener, { once })
    },
    removeEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void) {
      socket.removeEventListener(type, listener)
    },
  }
}
