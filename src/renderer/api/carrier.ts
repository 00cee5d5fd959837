import { createORPCClient } from '@orpc/client'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '#shared/contract/index.ts'
import { pagePort, pageReady } from '#shared/contract/port.ts'

/** A client of the contract. */
export type Back = ContractRouterClient<Contract>

/**
 * Whether the back can be reached. `expired`: it answers and no longer knows this page's session. `signed-out`: the user
 * ended the session here.
 */
export type Connection = 'up' | 'down' | 'expired' | 'signed-out'

export interface Carrier {
  back: Back
  /** Called at once and after each change. */
  onConnection(listener: (connection: Connection) => void): void
  /** Ends the session of a browser tab; the desktop has none. @throws Error when the back does not confirm it */
  signOut?(): Promise<void>
}

/** The desktop hands over a MessagePort; in a browser tab the same contract goes over a WebSocket. */
export async function connectBack(): Promise<Carrier> {
  const port = await askForPort()
  return port ? overPort(port) : overSocket()
}

/** Only pages of the app's own scheme get a port. */
function askForPort(): Promise<MessagePort | undefined> {
  const isDesktop = location.protocol === 'app:' || location.hostname === 'slipway.test'
  if (!isDesktop) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    window.addEventListener('message', function receive(event) {
      if (event.source !== window || event.data !== pagePort) return
      window.removeEventListener('message', receive)
      resolve(event.ports[0])
    })
    window.postMessage(pageReady, location.origin)
  })
}

function overPort(port: MessagePort): Carrier {
  port.start()
  return { back: createORPCClient(new PortLink({ port })), onConnection: (listener) => listener('up') }
}

/** Calls wait while the socket reconnects; streams fail, and their owners open them again. */
function overSocket(): Carrier {
  const listeners = new Set<(connection: Connection) => void>()
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`
  let connection: Connection = 'down'
  let current: Promise<Back>
  let delay = 200
  const become = (now: Connection): void => {
    if (connection === now || connection === 'signed-out') return
    connection = now
    for (const listener of listeners) listener(now)
  }

  const open = (): Promise<Back> =>
    new Promise((resolve) => {
      const attempt = (): void => {
        if (connection === 'signed-out') return
        const socket = new WebSocket(url)
        socket.addEventListener('open', () => {
          delay = 200
          resolve(createORPCClient(new SocketLink({ websocket: socket })))
          become('up')
        })
        socket.addEventListener('close', () => {
          if (connection === 'up') {
            become('down')
            current = open()
          } else {
            void whyNot().then((why) => connection !== 'up' && become(why))
            setTimeout(attempt, delay)
            delay = Math.min(delay * 2, 3_000)
          }
        })
      }
      attempt()
    })
  current = open()
  return {
    back: lateClient(() => current),
    onConnection(listener) {
      listeners.add(listener)
      listener(connection)
    },
    async signOut() {
      const { ok, status } = await fetch('/sign-out', { method: 'POST' })
      // 401: the session had ended already.
      if (!ok && status !== 401) throw new Error(`Slipway did not end the session (${status})`)
      become('signed-out')
    },
  }
}

/** Why a WebSocket is refused: browsers do not tell, so the page's own address is asked. */
const whyNot = (): Promise<Connection> =>
  fetch('/', { method: 'HEAD', cache: 'no-store' }).then(
    ({ status }) => (status === 401 ? 'expired' : 'down'),
    () => 'down',
  )

/** A client that looks up the current client at each call. */
function lateClient(current: () => Promise<unknown>, path: readonly string[] = []): Back {
  const call = async (...args: unknown[]): Promise<unknown> => {
    let target = (await current()) as Record<string, unknown>
    for (const part of path) target = target[part] as Record<string, unknown>
    return (target as unknown as (...args: unknown[]) => Promise<unknown>)(...args)
  }
  return new Proxy(call, {
    get: (_target, part) =>
      typeof part === 'string' && part !== 'then' ? lateClient(current, [...path, part]) : undefined,
  }) as unknown as Back
}
