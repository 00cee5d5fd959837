import type { IncomingMessage } from 'node:http'
import type { Reservation } from '#main/http/connection-budget.ts'
import { badRequest, tooLarge, type ApiError } from '#shared/kube/status.ts'

/** Bytes of a body, as Kubernetes' `MaxRequestBodyBytes`. */
const maxBody = 3 * 1024 * 1024

/** Smaller bodies are bounded by the number of connections. */
const smallBody = 64 * 1024

/** Makes room for the bytes of a body. @throws ApiError 429 */
export type MakeRoom = (bytes: number) => Promise<Reservation>

/** The whole body of a request. @throws ApiError 413 when it is too large, 429 when there is no room for it */
export async function readBody(message: IncomingMessage, makeRoom: MakeRoom): Promise<Buffer> {
  const announced = announcedLength(message)
  if (announced > maxBody) throw bodyTooLarge()
  const reservation = announced > smallBody ? await makeRoom(announced) : undefined
  try {
    return await receive(message, reservation)
  } finally {
    reservation?.release()
  }
}

/** A chunked body may be of any size up to the limit. */
function announcedLength({ headers }: IncomingMessage): number {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  return headers['transfer-encoding'] === undefined ? 0 : maxBody
}

function receive(message: IncomingMessage, reservation: Reservation | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      reservation?.progressed()
      if (size > maxBody) {
        message.pause()
        reject(bodyTooLarge())
      } else chunks.push(chunk)
    })
    message.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    message.on('error', reject)
    message.on('close', () => {
      if (!message.readableEnded) reject(badRequest('the body of the request was cut short'))
    })
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
