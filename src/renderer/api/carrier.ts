import { createORPCClient } from '@orpc/client'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '#shared/contract/index.ts'
import { pagePort, pageReady } from '#shared/contract/port.ts'

/** The back, as the contract has it. */
export type Back = ContractRouterClient<Contract>

export interface Carrier {
  back: Back
  /** Called with true when the back can be reached again, with false when it cannot. */
  onConnection(listener: (connected: boolean) => void): void
}

/** The desktop hands over a MessagePort; in a browser tab the same contract goes over a WebSocket. */
export async function connectBack(): Promise<Carrier> {
  const port = await askForPort()
  return port ? overPort(port) : overSocket()
}

/** A page of the app's own scheme gets its port within moments; any other page asks in vain. */
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
  return { back: createORPCClient(new PortLink({ port })), onConnection: (listener) => listener(true) }
}

/** Calls wait for the socket while it is being opened anew; streams fail, and whoever holds one opens it again. */
function overSocket(): Carrier {
  const listeners = new Set<(connected: boolean) => void>()
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`
  let connected = false
  let current: Promise<Back>
  let delay = 200

  const open = (): Promise<Back> =>
    new Promise((resolve) => {
      const attempt = (): void => {
        const socket = new WebSocket(url)
        socket.addEventListener('open', () => {
          delay = 200
          connected = true
          resolve(createORPCClient(new SocketLink({ websocket: socket })))
          for (const listener of listeners) listener(true)
        })
        socket.addEventListener('close', () => {
          if (connected) {
            connected = false
            for (const listener of listeners) listener(false)
            current = open()
          } else {
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
      listener(connected)
    },
  }
}

/** A client whose every call goes to the client of that moment. */
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
