import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { isTrue } from '#shared/base/is-true.ts'
import { badRequest } from '#shared/kube/status.ts'
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

/** Names of the parameters that ask for streams: of `pods/exec`, and of a kubelet. */
export const streamParameters = {
  apiServer: { stdin: 'stdin', stdout: 'stdout', stderr: 'stderr', tty: 'tty' },
  kubelet: { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' },
}

export function streamsOf(query: URLSearchParams, names = streamParameters.apiServer): CommandStreams {
  const isSet = (name: string): boolean => isTrue(query.get(name) ?? '')
  const tty = isSet(names.tty)
  // A terminal merges both outputs.
  return { stdin: isSet(names.stdin), stdout: isSet(names.stdout), stderr: isSet(names.stderr) && !tty, tty }
}

/** @throws ApiError 400 */
export function requireStreams({ stdin, stdout, stderr }: CommandStreams): void {
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
}

/** Resolves once everything written to the outputs is flushed, or they are closed. */
export const allSent = (outputs: readonly (Writable | undefined)[]): Promise<unknown> =>
  Promise.allSettled(outputs.flatMap((output) => (output ? [finished(output.end(), { readable: false })] : [])))

/** The error text for older protocols without a Status: empty on success. */
export const statusText = (status: CommandStatus): string => (status.status === 'Success' ? '' : (status.message ?? ''))
