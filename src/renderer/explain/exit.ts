import type { ContainerStateTerminated } from '#shared/kube/generated/types.ts'
import { t } from '../texts/index.ts'

/** Linux's numbers (signal(7)) of the signals that end containers. */
const signals: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
}

/** The signal that ended a process: told by the runtime, or by an exit code of 128 and its number, as shells have it. */
export function signalOf({ exitCode, signal }: ContainerStateTerminated): string | undefined {
  const number = signal || (exitCode > 128 && exitCode <= 192 ? exitCode - 128 : 0)
  return number > 0 ? (signals[number] ?? `signal ${number}`) : undefined
}

/** How a container ended, in words: `exit code 1`, `SIGKILL (exit code 137)`, `too little memory`. */
export function endText(end: ContainerStateTerminated): string {
  if (end.reason === 'OOMKilled') return t('explain.exit.oom')
  const signal = signalOf(end)
  return signal
    ? t('explain.exit.signal', { signal, code: String(end.exitCode) })
    : t('explain.exit.code', { code: String(end.exitCode) })
}

/** What an exit code stands for by convention; undefined where it is the program's own. */
export function meaningOf(end: ContainerStateTerminated): string | undefined {
  if (end.reason === 'OOMKilled') return undefined
  if (end.exitCode === 126) return t('explain.exit.notExecutable')
  if (end.exitCode === 127) return t('explain.exit.notFound')
  const signal = signalOf(end)
  if (signal === 'SIGKILL') return t('explain.exit.killed')
  if (signal === 'SIGSEGV') return t('explain.exit.segv')
  if (signal === 'SIGTERM') return t('explain.exit.term')
  return undefined
}
