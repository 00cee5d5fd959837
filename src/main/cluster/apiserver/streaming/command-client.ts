import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { isTrue } from '../api/request.ts'
import type { TerminalSize } from '#shared/kube/stream-frames.ts'

/** The client of a running command (exec, attach), over whichever carrier it came. */
export interface CommandClient {
  stdin: Readable | undefined
  stdout: Writable | undefined
  stderr: Writable | undefined
  onResize(listener: (size: TerminalSize) => void): void
  /** Says how the command ended, and closes the connection once everything is out. */
  finish(status: CommandStatus): void
  /** The client is gone, or done. */
  onClose(listener: () => void): void
}

/** What the client asked to be connected. */
export interface CommandStreams {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}

/** The `Status` of the error channel. */
export interface CommandStatus {
  metadata: Record<string, never>
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: { causes?: { reason?: string; message?: string }[] }
  code?: number
}

export const streamsOf = (query: URLSearchParams): CommandStreams => {
  const isSet = (name: string): boolean => isTrue(query.get(name) ?? '')
  const tty = isSet('tty')
  // A terminal mixes both outputs into one.
  return { stdin: isSet('stdin'), stdout: isSet('stdout'), stderr: isSet('stderr') && !tty, tty }
}

/** Resolves once everything written to the outputs is out, or they are gone. */
export const allSent = (outputs: readonly (Writable | undefined)[]): Promise<unknown> =>
  Promise.allSettled(outputs.flatMap((output) => (output ? [finished(output.end(), { readable: false })] : [])))

/** What older protocols, which know no Status, get to read: nothing when all went well. */
export const statusText = (status: CommandStatus): string => (status.status === 'Success' ? '' : (status.message ?? ''))
