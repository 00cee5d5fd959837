import type { IncomingMessage } from 'node:http'
import { tooLarge, type ApiError } from '#shared/kube/status.ts'

/** Bytes of a body, as Kubernetes' `MaxRequestBodyBytes`. */
const maxBody = 3 * 1024 * 1024

/** The whole body of a request. @throws ApiError 413 */
export function readBody(message: IncomingMessage): Promise<Buffer> {
  const announced = Number(message.headers['content-length'] ?? 0)
  if (announced > maxBody) throw bodyTooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBody) {
        message.pause()
        reject(bodyTooLarge())
      } else chunks.push(chunk)
    })
    message.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    message.on('error', reject)
  })
}

const bodyTooLarge = (): ApiError => tooLarge(`Request entity too large: limit is ${maxBody}`)

/** The name of the client program, from User-Agent: the default field manager. */
export function agentOf({ headers }: IncomingMessage): string {
  const agent = headers['user-agent'] ?? 'unknown'
  const slash = agent.indexOf('/')
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128) || 'unknown'
}

/** Parameters of the query, repeated ones included. */
export const parameters = (message: IncomingMessage): URLSearchParams => {
  const url = message.url ?? ''
  const mark = url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
}
