/** How grave a line is, as its writer says; '' where it does not say. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | ''

export const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', '']

const byWord: Record<string, LogLevel> = {
  emerg: 'error',
  emergency: 'error',
  alert: 'error',
  panic: 'error',
  dpanic: 'error',
  fatal: 'error',
  critical: 'error',
  crit: 'error',
  severe: 'error',
  error: 'error',
  err: 'error',
  e: 'error',
  f: 'error',
  warning: 'warn',
  warn: 'warn',
  w: 'warn',
  notice: 'info',
  information: 'info',
  info: 'info',
  log: 'info',
  i: 'info',
  debug: 'debug',
  verbose: 'debug',
  trace: 'debug',
  fine: 'debug',
  d: 'debug',
}

/** Lines of klog: `E1129 14:02:08.204 …`. */
const klog = /^([EWIFD])\d{4} \d\d:/
/** `"level":"error"`, `level=warn`, `"severity": "INFO"`, pino's `"level":50`. */
const field = /(?:^|[\s{,"])(?:level|lvl|severity|levelname|loglevel)"?\s*[:=]\s*"?([A-Za-z]+|\d+)/i
/** A word in capitals. */
const capitals =
  /\b(EMERG|ALERT|PANIC|FATAL|CRITICAL|CRIT|SEVERE|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|VERBOSE|TRACE)\b/
/** A word in brackets, or one that ends with a colon at the beginning: prose mentions errors too. */
const marked =
  /\[(?:emerg|alert|crit|error|err|warn|warning|notice|info|debug|trace)\]|^(?:panic|fatal(?: error)?|error|warning|warn|info|debug):/i

/** How far into a line its level is looked for, characters. */
const reach = 200

/** The level that a line says it has. */
export function levelOf(text: string): LogLevel {
  const start = text.length > reach ? text.slice(0, reach) : text
  const letter = klog.exec(start)?.[1]
  if (letter !== undefined) return byWord[letter.toLowerCase()] ?? ''
  const value = field.exec(start)?.[1]
  if (value !== undefined) return /^\d+$/.test(value) ? numeric(Number(value)) : (byWord[value.toLowerCase()] ?? '')
  const found = capitals.exec(start) ?? marked.exec(start)
  return byWord[/[a-z]+/i.exec(found?.[0] ?? '')?.[0].toLowerCase() ?? ''] ?? ''
}

/** Levels of pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
const numeric = (value: number): LogLevel =>
  value >= 50 && value <= 60
    ? 'error'
    : value === 40
      ? 'warn'
      : value === 30
        ? 'info'
        : value === 20 || value === 10
          ? 'debug'
          : ''
