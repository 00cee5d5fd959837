import type { Log } from '#shared/base/log.ts'

/** JSON lines on stderr, which the worker's container log keeps; debug lines only on request. */
export function createAgentLog(fields: Record<string, unknown> = {}, debug = process.env.SLIPWAY_LOG === 'debug'): Log {
  const write = (level: string, message: string, more?: Record<string, unknown>): void => {
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, ...fields, ...more, message })}\n`)
  }
  return {
    debug: (message, more) => (debug ? write('debug', message, more) : undefined),
    info: (message, more) => write('info', message, more),
    warn: (message, more) => write('warn', message, more),
    error: (message, more) => write('error', message, more),
    child: (more) => createAgentLog({ ...fields, ...more }, debug),
  }
}
