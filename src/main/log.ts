import { pino } from 'pino'
import type { Log } from '#shared/base/log.ts'

/**
 * JSON lines on stderr (stdout belongs to results) or to a file.
 * @param options `level`: the lowest level that is written; `file`: path instead of stderr
 */
export function createLog({ level = 'info', file }: { level?: string; file?: string } = {}): Log {
  const destination = pino.destination(file ? { dest: file, mode: 0o600, sync: false } : { dest: 2, sync: true })
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination))
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields) => wrap(logger.child(fields)),
  }
}
