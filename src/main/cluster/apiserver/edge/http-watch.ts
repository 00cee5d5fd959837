import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#shared/base/clock.ts'
import type { WatchAnswer, WatchWriter } from '../api/request.ts'
import { leadingHeaders } from './flows.ts'
import { contentTypeOf } from './http-answer.ts'
import { watchFormat, type Rendering } from './render.ts'

/** A watcher with more bytes than this waiting is too slow: it is cut off, and will list again. */
export const maxWaiting = 64 * 1024 * 1024

export interface WatchStream {
  answer: WatchAnswer
  rendering: Rendering
  message: IncomingMessage
  response: ServerResponse
  /** Counts the events sent. */
  counter: { value: number }
  clock: Clock
}

/** Answers with a stream of events, which lasts until the client, the time limit or a slow reader ends it. */
export async function streamWatch(stream: WatchStream): Promise<void> {
  if (await isOwnConnection(stream.message, stream.response)) writeEvents(stream)
}

function writeEvents({ answer, rendering, message, response, counter, clock }: WatchStream): void {
  const format = watchFormat(rendering, answer.resource, () => clock.now())
  const contentType = contentTypeOf(rendering.format)
  response.writeHead(200, [
    ...leadingHeaders(message),
    'Content-Type',
    contentType === 'application/json' ? contentType : `${contentType};stream=watch`,
    'Cache-Control',
    'no-cache, private',
    'Transfer-Encoding',
    'chunked',
  ])
  response.flushHeaders()
  const { socket } = message
  let allowed = Infinity
  const writer: WatchWriter = {
    write(batch) {
      if (socket.destroyed) return
      // The chunk is framed once for all watchers: it goes to the socket, past this response's own framing.
      socket.write(batch.chunk())
      counter.value += batch.items.length
      if (socket.writableLength > allowed) socket.destroy()
    },
    end() {
      response.end()
    },
  }
  const running = answer.start(writer, format)
  // The initial state may be of any size; only what is queued on top of it means that the reader is slow.
  const limit = (): void => {
    allowed = socket.writableLength + maxWaiting
  }
  if (running.begun) void running.begun.then(limit)
  else limit()
  const stopTimer = rendering.query['timeoutSeconds'] ? undefined : clock.after(defaultTimeout(), () => end())
  const end = (): void => {
    running.stop()
    response.end()
  }
  response.once('close', () => {
    running.stop()
    void stopTimer?.()
  })
}

/**
 * On a kept-alive connection a request may arrive before Node has finished the previous response. A watch writes to the
 * socket itself, so it waits until the socket is assigned to its response. @returns false when the connection is closed
 */
async function isOwnConnection({ socket }: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (!response.socket && !socket.destroyed)
    await new Promise<void>((resolve) => {
      response.once('socket', () => resolve())
      socket.once('close', () => resolve())
    })
  return !socket.destroyed
}

/** Watches without `timeoutSeconds` end after a random 30 to 60 minutes, ms (`--min-request-timeout` of Kubernetes). */
const defaultTimeout = (): number => (1800 + Math.random() * 1800) * 1000
