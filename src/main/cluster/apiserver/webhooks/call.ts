import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect, rootCertificates } from 'node:tls'
import { messageOf } from '#shared/base/message-of.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import type { WebhookClientConfig } from '#shared/kube/generated/types.ts'
import type { ServiceDialer } from '../egress/service-dialer.ts'

/** Posts a review to a webhook and returns its parsed response. @throws Error with the message of Go's HTTP client */
export type WebhookCaller = (config: WebhookClientConfig, body: unknown, timeoutMs: number) => Promise<unknown>

const maxAnswer = 3 * 1024 * 1024

/** Webhooks are called over TLS: by URL from the host, or as a Service through a worker's tunnel. */
export function createWebhookCaller({ dialService }: { dialService: ServiceDialer }): WebhookCaller {
  return async (config, body, timeoutMs) => {
    const url = urlOf(config, timeoutMs)
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      return await post({ url, config, body, signal, dialService })
    } catch (error) {
      const why = signal.aborted ? 'context deadline exceeded' : messageOf(error)
      throw new Error(`failed to call webhook: Post ${JSON.stringify(url.href)}: ${why}`, { cause: error })
    }
  }
}

function urlOf({ url, service }: WebhookClientConfig, timeoutMs: number): URL {
  const target = service
    ? new URL(service.path ?? '/', `https://${service.name}.${service.namespace}.svc:${service.port ?? 443}`)
    : new URL(url ?? '')
  target.searchParams.set('timeout', `${timeoutMs / 1000}s`)
  return target
}

interface Post {
  url: URL
  config: WebhookClientConfig
  body: unknown
  signal: AbortSignal
  dialService: ServiceDialer
}

async function post({ url, config, body, signal, dialService }: Post): Promise<unknown> {
  const { service, caBundle } = config
  const ca = caBundle ? Buffer.from(caBundle, 'base64').toString() : [...rootCertificates]
  const socket = service
    ? await aborting(signal, dialService(service.namespace, service.name, service.port ?? 443))
    : undefined
  const text = JSON.stringify(body)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(text),
      },
      ...(socket
        ? { createConnection: () => tlsConnect({ socket, ca, servername: url.hostname, ALPNProtocols: ['http/1.1'] }) }
        : // A connection per review: they are rare.
          { ca, agent: false }),
    })
    outgoing.once('response', resolve)
    outgoing.once('error', (error) => {
      socket?.destroy()
      reject(error)
    })
    outgoing.end(text)
  })
  try {
    return await read(answer)
  } finally {
    answer.destroy()
    socket?.destroy()
  }
}

async function read(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxAnswer) throw new Error('the response is too large')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  const code = answer.statusCode ?? 0
  if (code < 200 || code > 299) throw new Error(`the server responded with ${code}: ${text.slice(0, 200)}`)
  return parseExact(text)
}

/** Closes a connection that opens after the deadline. */
async function aborting(signal: AbortSignal, connecting: Promise<Duplex>): Promise<Duplex> {
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('context deadline exceeded')), { once: true }),
  )
  aborted.catch(() => undefined)
  connecting.then((socket) => signal.aborted && socket.destroy()).catch(() => undefined)
  return Promise.race([connecting, aborted])
}
