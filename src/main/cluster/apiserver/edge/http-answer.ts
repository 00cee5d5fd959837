import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzip } from 'node:zlib'
import { failure, internal, type ApiError, type Status } from '#shared/kube/status.ts'
import type { Reservation } from '#main/http/connection-budget.ts'
import { endPaced, pieceBytes } from '#main/http/paced-body.ts'
import { toYaml } from '../codec/body.ts'
import { negotiate, plainJson, typedForms, type Format } from '../codec/negotiate.ts'
import { encodeProtobuf, protobufType } from '../codec/protobuf-encode.ts'
import { leadingHeaders } from './flows.ts'

/** Bodies larger than this are compressed. */
const gzipFrom = 128 * 1024
/** Bodies smaller than this go into one TLS record with the head. */
const oneRecord = 12 * 1024

/** An answer to be written. */
export interface Writing {
  message: IncomingMessage
  response: ServerResponse
  code: number
  contentType: string
  body: Uint8Array
  /** Texts for `Warning` headers. */
  warnings?: readonly string[]
  headers?: Readonly<Record<string, string>> | undefined
  /** Counts a large body, which is sent in pieces, until it is sent. */
  count(bytes: number): Reservation
}

/** Writes head and body in one go; large bodies are compressed when the client accepts it, and sent in pieces. */
export async function writeBody(writing: Writing): Promise<void> {
  const { message, response, code, contentType, body, warnings = [], headers: more, count } = writing
  const headers = leadingHeaders(message)
  headers.push('Content-Type', contentType)
  headers.push('Cache-Control', 'no-cache, private')
  if (warnings.length > 0) headers.push(...warningHeaders(warnings))
  if (more) for (const name in more) headers.push(name, more[name] ?? '')
  let sent = body
  if (body.length > gzipFrom && message.headers['accept-encoding']?.includes('gzip')) {
    sent = await compress(body)
    headers.push('Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding')
  }
  headers.push('Content-Length', String(sent.length))
  response.writeHead(code, headers)
  if (message.method === 'HEAD') response.end()
  // Node joins a string with the head into one write, hence one TLS record; a buffer would be a second one.
  else if (sent.length < oneRecord) response.end(latin1(sent), 'latin1')
  else if (sent.length <= pieceBytes) response.end(sent)
  else await endPaced(response, sent, count(sent.length))
}

/** A failure, and whether it is told in a line of text, as Go's `http.Error` does. */
export interface Failure {
  status: Status
  plain: boolean
}

/** Answers with a Status or a line of text; cuts the connection when an answer has begun already. */
export function writeError({ status, plain }: Failure, message: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const format = formatOfError(message.headers.accept)
  const body = plain ? Buffer.from(`${status.message}\n`) : renderStatus(status, format)
  const headers = leadingHeaders(message)
  headers.push('Content-Type', plain ? 'text/plain; charset=utf-8' : format.type, 'Cache-Control', 'no-cache, private')
  headers.push('Content-Length', String(body.length))
  if (plain) headers.push('X-Content-Type-Options', 'nosniff')
  if (status.code === 401) headers.push('WWW-Authenticate', 'Bearer')
  if (status.details?.retryAfterSeconds !== undefined && (status.code === 429 || status.code === 503))
    headers.push('Retry-After', String(status.details.retryAfterSeconds))
  // The rest of an unread body would be parsed as the next request.
  if (!message.complete) headers.push('Connection', 'close')
  response.writeHead(status.code, headers)
  response.end(body)
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

const compress = (body: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    gzip(body, { level: 1 }, (error, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  })

/** Characters of one warning, and of all together. */
const maxWarning = 256
const maxWarnings = 4096

/** One header for each distinct text, in characters that a header may hold, and no more bytes of them than clients accept. */
function warningHeaders(warnings: readonly string[]): string[] {
  const headers: string[] = []
  let size = 0
  for (const warning of new Set(warnings)) {
    const text = warning
      .slice(0, maxWarning)
      .replaceAll(/[^ -~]/g, '?')
      .replaceAll(/["\\]/g, '\\$&')
    size += text.length
    if (size > maxWarnings) break
    headers.push('Warning', `299 - "${text}"`)
  }
  return headers
}

/** `application/json;as=Table;g=meta.k8s.io;v=v1` */
export const contentTypeOf = ({ type, as, group, version }: Format): string =>
  as === undefined ? type : `${type};as=${as};g=${group};v=${version}`

function renderStatus(status: Status, { type }: Format): Buffer {
  if (type === protobufType) return encodeProtobuf({ ...status })
  return Buffer.from(type === 'application/yaml' ? toYaml(status) : JSON.stringify(status))
}

/** Errors are Statuses in JSON, YAML or protobuf, whatever else was asked for. */
function formatOfError(accept: string | undefined): Format {
  try {
    return negotiate(accept, typedForms)
  } catch {
    return plainJson
  }
}

/** The Status of a request that the handler has not seen, or failed at. */
export function edgeFailure(code: number, message: string): ApiError {
  if (code === 500) return internal(message)
  return failure(code, edgeReasons[code] ?? 'BadRequest', message)
}

const edgeReasons: Readonly<Record<number, string>> = {
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  431: 'RequestHeaderFieldsTooLarge',
}
