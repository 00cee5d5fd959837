import { watch, type FSWatcher } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'

/** The kubelet's own period (fileCheckFrequency), ms: not every change of a folder is told. */
const period = 20_000
/** A file is often written in several steps: it is read once nothing has changed for this time, ms. */
const settling = 200

/** Calls `changed` after changes of the folder, and from time to time. A folder that is missing is made. */
export async function watchFolder(folder: string, clock: Clock, changed: () => void): Promise<Stop> {
  let stopTimer: Stop = () => undefined
  let isStopped = false
  const again = (ms: number): void => {
    void stopTimer()
    if (isStopped) return
    stopTimer = clock.after(ms, () => {
      changed()
      again(period)
    })
  }
  let watcher: FSWatcher | undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 })
    watcher = watch(folder, () => again(settling))
    // The folder was removed: it is still looked for.
    watcher.on('error', () => watcher?.close())
  } catch {
    // The folder cannot be made or watched: it is looked at from time to time.
  }
  again(period)
  return () => {
    isStopped = true
    watcher?.close()
    return stopTimer()
  }
}
