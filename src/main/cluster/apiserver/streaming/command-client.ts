import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { isTrue } from '../api/request.ts'
import type { TerminalSize } from '#shared/kube/stream-frames.ts'

/** The client of a running command (exec, attach), over any protocol. */
export interface CommandClient {
  stdin: Readable | undefined
  stdout: Writable | undefined
  stderr: Writable | undefined
  onResize(listener: (size: TerminalSize) => void): void
  /** Sends the command's final Status, and closes the connection once everything is flushed. */
  finish(status: CommandStatus): void
  /** Called when the client has disconnected or is done. */
  onClose(listener: () => void): void
}

/** The streams that the client requested. */
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
  // A terminal merges both outputs.
  return { stdin: isSet('stdin'), stdout: isSet('stdout'), stderr: isSet('stderr') && !tty, tty }
}

/** Resolves once everything written to the outputs is flushed, or they are closed. */
export const allSent = (outputs: readonly (Writable | undefined)[]): Promise<unknown> =>
  Promise.allSettled(outputs.flatMap((output) => (output ? [finished(output.end(), { readable: false })] : [])))

/** The error text for older protocols without a Status: empty on success. */
export const statusText = (status: CommandStatus): string => (status.status === 'Success' ? '' : (status.message ?? ''))
