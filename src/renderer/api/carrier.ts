import { createORPCClient } from '@orpc/client'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '#shared/contract/index.ts'
import { pagePort, pageReady } from '#shared/contract/port.ts'
import { beatPatience, startHeartbeat } from './heartbeat.ts'

/** A client of the contract. */
export type Back = ContractRouterClient<Contract>

/**
 * Whether the back can be reached. `connecting`: it has not answered yet, and not been silent for long. `down`: it does
 * not answer, whether it is gone or frozen. `expired`: it answers and no longer knows this page's session. `signed-out`:
 * the user ended the session here.
 */
export type Connection = 'connecting' | 'up' | 'down' | 'expired' | 'signed-out'

/** The connection with its times, ms since the epoch. */
export interface Link {
  connection: Connection
  /** When the back last answered. */
  answeredAt: number
  /** When it is tried again; unset while an answer is awaited. */
  nextTryAt?: number
}

export interface Carrier {
  back: Back
  /** Called at once and after each change. */
  onLink(listener: (link: Link) => void): void
  /** Tries to reach the back now. */
  retry(): void
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

export const newLink = (): Link => ({ connection: 'connecting', answeredAt: Date.now() })

/** What is known of the connection, for those who listen. */
class LinkState {
  readonly #listeners = new Set<(link: Link) => void>()
  #link: Link = newLink()

  get connection(): Connection {
    return this.#link.connection
  }

  /** Tells a change of the connection or of the next try. Whoever has signed out stays so. */
  become(connection: Connection, nextTryAt?: number): void {
    if (this.connection === 'signed-out') return
    if (connection === 'up') this.#link.answeredAt = Date.now()
    if (this.connection === connection && this.#link.nextTryAt === nextTryAt) return
    const { answeredAt } = this.#link
    this.#link = { connection, answeredAt, ...(nextTryAt === undefined ? {} : { nextTryAt }) }
    for (const listener of this.#listeners) listener(this.#link)
  }

  onLink(listener: (link: Link) => void): void {
    this.#listeners.add(listener)
    listener(this.#link)
  }
}

function overPort(port: MessagePort): Carrier {
  port.start()
  const back: Back = createORPCClient(new PortLink({ port }))
  const link = new LinkState()
  startHeartbeat({
    ping: () => back.app.ping(),
    onBeat: () => link.become('up'),
    onSilence: () => link.become('down'),
  })
  return { back, onLink: (listener) => link.onLink(listener), retry: () => undefined }
}

/** Calls wait while the socket reconnects; streams fail, and their owners open them again. */
function overSocket(): Carrier {
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`
  const link = new LinkState()
  let current: Promise<Back>
  let delay = 200
  let tryNow: () => void = () => undefined

  const open = (): Promise<Back> =>
    new Promise((resolve) => {
      const attempt = (): void => {
        if (link.connection === 'signed-out') return
        const socket = new WebSocket(url)
        let stopBeats: (() => unknown) | undefined
        // A frozen process takes the connection and never answers its handshake.
        const patience = setTimeout(() => link.become('down'), beatPatience)
        socket.addEventListener('open', () => {
          clearTimeout(patience)
          delay = 200
          const back: Back = createORPCClient(new SocketLink({ websocket: socket }))
          resolve(back)
          link.become('up')
          stopBeats = startHeartbeat({
            ping: () => back.app.ping(),
            onBeat: () => link.become('up'),
            onSilence: () => link.become('down'),
          })
        })
        socket.addEventListener('close', () => {
          clearTimeout(patience)
          if (stopBeats) {
            stopBeats()
            link.become('down')
            current = open()
            return
          }
          const timer = setTimeout(attempt, delay)
          const nextTryAt = Date.now() + delay
          tryNow = () => {
            clearTimeout(timer)
            attempt()
            tryNow = () => undefined
          }
          delay = Math.min(delay * 2, 3_000)
          void whyNot().then((why) => link.connection !== 'up' && link.become(why, nextTryAt))
        })
      }
      attempt()
    })
  current = open()
  return {
    back: lateClient(() => current),
    onLink: (listener) => link.onLink(listener),
    retry: () => tryNow(),
    async signOut() {
      const { ok, status } = await fetch('/sign-out', { method: 'POST' })
      // 401: the session had ended already.
      if (!ok && status !== 401) throw new Error(`Slipway did not end the session (${status})`)
      link.become('signed-out')
    },
  }
}

/** Why a WebSocket is refused: browsers do not tell, so the page's own address is asked. */
const whyNot = (): Promise<Connection> =>
  fetch('/', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(beatPatience) }).then(
    ({ status }) => (status === 401 ? 'expired' : 'down'),
    () => 'down',
  )

/** A client that looks up the current client at each call. */
function lateClient(current: () => Promise<unknown>, path: readonly string[] = []): Back {
  const call = async (...args: unknown[]): Promise<unknown> => {
    let target = (await current()) as Record<string, unknown>
    // What was given up while it waited is not sent any more.
    ;(args[1] as { signal?: AbortSignal } | undefined)?.signal?.throwIfAborted()
    for (const part of path) target = target[part] as Record<string, unknown>
    return (target as unknown as (...args: unknown[]) => Promise<unknown>)(...args)
  }
  return new Proxy(call, {
    get: (_target, part) =>
      typeof part === 'string' && part !== 'then' ? lateClient(current, [...path, part]) : undefined,
  }) as unknown as Back
}
