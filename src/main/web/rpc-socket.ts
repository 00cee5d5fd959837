import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { RPCHandler } from '@orpc/server/ws'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Log } from '#shared/base/log.ts'
import type { Router } from '#main/rpc/index.ts'
import type { Session } from './sessions.ts'

/** The contract over WebSockets. */
export interface RpcSocket {
  /** @param session ends the WebSocket with it; unset on the control socket, whose file is its authentication */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, session?: Session): void
  stop(): void
}

const maxMessage = 16 * 2 ** 20
const pingMs = 20_000
/** Close codes 4000 to 4999 are the application's own (RFC 6455, section 7.4.2). */
const signedOut = 4_401

export function createRpcSocket(router: Router, log: Log): RpcSocket {
  const handler = new RPCHandler(router, {
    interceptors: [
      async ({ next }) => {
        try {
          return await next()
        } catch (error) {
          log.debug('a call of the face failed', { error: String(error) })
          throw error
        }
      },
    ],
  })
  // Without this, frames that share a TCP segment overtake the opening of their stream (libraries.md, section 1).
  const sockets = new WebSocketServer({ noServer: true, allowSynchronousEvents: false, maxPayload: maxMessage })
  const silent = new WeakSet<WebSocket>()
  const pings = setInterval(() => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) socket.terminate()
      silent.add(socket)
      socket.ping()
    }
  }, pingMs)
  pings.unref()
  return {
    upgrade(request, socket, head, session) {
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        // Invalid frames and broken connections close this WebSocket; `close` follows.
        webSocket.on('error', (error) => log.debug('a WebSocket of the face failed', { error: error.message }))
        webSocket.on('pong', () => silent.delete(webSocket))
        if (session) {
          webSocket.on('message', () => session.touch())
          const stop = session.onEnd(() => {
            webSocket.close(signedOut, 'signed out')
            setTimeout(() => webSocket.terminate(), 1_000).unref()
          })
          webSocket.on('close', () => void stop())
        }
        void handler.upgrade(webSocket, { context: {} })
      })
    },
    stop() {
      clearInterval(pings)
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}
