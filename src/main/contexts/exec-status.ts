import type { Status } from '#shared/kube/status.ts'

/**
 * Parses the Status that ends an exec on the error channel (remotecommand v4): Success is exit code 0, the reason
 * NonZeroExitCode carries the code in a cause, everything else is a failure to run the command.
 */
export function terminalResult(statusJson: string): { code?: number; message?: string } {
  let status: Partial<Status>
  try {
    status = JSON.parse(statusJson) as Partial<Status>
  } catch {
    return { message: statusJson }
  }
  if (status.status === 'Success') return { code: 0 }
  const code = status.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message
  if (status.reason === 'NonZeroExitCode' && code !== undefined) return { code: Number(code) }
  return { message: status.message ?? 'the command could not be run' }
}
