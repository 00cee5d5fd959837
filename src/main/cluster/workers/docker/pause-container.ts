import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'

/** The engine's runtime gives up on a busy container within a second or so; the next attempt usually succeeds. */
const attempts = 10
const pauseMs = 500

/**
 * Pauses a container. The kernel freezes a container process by process, and runc gives up when one of them cannot be
 * frozen yet (it waits for a disk, or forks faster than it is frozen): all of them run on, and it is tried again.
 * @throws the engine's error, the last one where no attempt succeeds
 */
export async function pauseContainer(
  container: Pick<Docker.Container, 'pause'>,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await container.pause()
      return
    } catch (error) {
      if (attempt === attempts || !/unable to freeze/.test(String(error))) throw error
    }
    await wait(pauseMs)
  }
}
