import { backOffDelay, firstBackOff, shownPullFailure } from '#shared/kube/kubelet/container-restart.ts'
import { MissingSource } from '../environment.ts'
import { ImageFailed } from '../images.ts'
import { MountFailed } from '../mount-failed.ts'
import { BadContainerConfig } from './container-plan.ts'

const configRetry = 2_000

/** Reasons of the events that tell an image's failure itself; `Failed` for others (pkg/kubelet/images). */
const imageEvents: Record<string, string> = {
  InvalidImageName: 'InspectFailed',
  ErrImageNeverPull: 'ErrImageNeverPull',
}

/** The events of a failed start, in the kubelet's words. @param reason of the container's waiting state */
export function failureEvents(error: Error, reason: string): { reason: string; message: string }[] {
  if (!(error instanceof ImageFailed)) return [{ reason: 'Failed', message: `Error: ${error.message}` }]
  return [
    { reason: imageEvents[reason] ?? 'Failed', message: error.message },
    { reason: 'Failed', message: `Error: ${reason}` },
  ]
}

export interface StartFailure {
  /** Reason of the container's waiting state. */
  reason: string
  /** When it is tried again. */
  retryMs: number
  /** When the pod is looked at again. */
  wakeMs: number
}

/** What a failed start means, by its cause and its stage. @param count failures in a row, this one included */
export function startFailure(
  error: unknown,
  { count, isCreated }: { count: number; isCreated: boolean },
): StartFailure {
  if (error instanceof ImageFailed) {
    const retryMs = backOffDelay(count)
    return { reason: error.reason, retryMs, wakeMs: error.reason === 'ErrImagePull' ? shownPullFailure : retryMs }
  }
  if (error instanceof MissingSource || error instanceof BadContainerConfig)
    return { reason: 'CreateContainerConfigError', retryMs: configRetry, wakeMs: configRetry }
  if (error instanceof MountFailed) return { reason: 'CreateContainerError', retryMs: configRetry, wakeMs: configRetry }
  const reason = isCreated ? 'RunContainerError' : 'CreateContainerError'
  return { reason, retryMs: firstBackOff, wakeMs: firstBackOff }
}
