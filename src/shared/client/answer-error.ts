import { ApiError, failure, type Status } from '../kube/status.ts'

/** The Status that the server sent, or one made of what proxies and plain handlers send. Its message is never empty. */
export function errorOf(code: number, body: string): ApiError {
  const said = parsed(body)
  if (said?.kind === 'Status') {
    const status = { ...said, code: said.code || code } as Status
    return new ApiError({ ...status, message: status.message || wordless(code, status.reason) })
  }
  const words = (typeof said?.message === 'string' && said.message) || plainText(body).slice(0, 500)
  return failure(code, reasons[code] ?? 'Unknown', words || wordless(code, reasons[code]))
}

function parsed(body: string): Partial<Status> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** How much of a body that is no Status is read, characters: a page of markup that is never closed takes its square in steps. */
const readLength = 4_000

/** Of a page of a proxy, its title: `502 Bad Gateway`. */
function plainText(whole: string): string {
  const body = whole.slice(0, readLength)
  if (!/^\s*</.test(body)) return body.trim()
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]
  return (title ?? body.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim()
}

const wordless = (code: number, reason = ''): string => `the server answered ${code} ${reason}`.trim()

const reasons: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
}
