import { errorOf } from '#shared/client/answer-error.ts'
import type { ApiRequest, Transport, WatchEvent } from '#shared/client/transport.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import { ApiError, type Status } from '#shared/kube/status.ts'
import type { Back } from './carrier.ts'
import { openStream } from './stream.ts'

/** A transport for the shared client and its informers that reaches a cluster through the back. */
export function createTransport(back: Back, context: string): Transport {
  return {
    async request(request: ApiRequest) {
      const { method, path, body, contentType, accept, signal } = request
      const { status, body: text } = await back.kube.request(
        {
          context,
          method,
          path,
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
          ...(contentType ? { contentType } : {}),
          ...(accept ? { accept } : {}),
        },
        signal ? { signal } : {},
      )
      if (status >= 200 && status < 300) return parse(text)
      throw errorOf(status, text)
    },
    watch({ path, accept }, sink) {
      let hasEnded = false
      const end = (error?: Error): void => {
        if (hasEnded) return
        hasEnded = true
        sink.closed(error)
      }
      const stream = openStream(back.kube.watch, { context, path, ...(accept ? { accept } : {}) }, (message) => {
        if ('events' in message) deliver(message.events)
        else if (message.closed) end(errorOf(0, message.closed))
      })
      const deliver = (text: string): void => {
        const events: WatchEvent[] = []
        for (const line of text.split('\n')) {
          if (line === '') continue
          const event = parseExact(line) as { type: string; object: unknown }
          if (event.type === 'ERROR') {
            if (events.length > 0) sink.events(events)
            end(new ApiError(event.object as Status))
            stream.close()
            return
          }
          events.push(event as WatchEvent)
        }
        if (events.length > 0) sink.events(events)
      }
      stream.done.then(
        () => end(),
        (error: unknown) => end(error as Error),
      )
      return () => {
        hasEnded = true
        stream.close()
      }
    },
  }
}

function parse(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return text
  }
}
