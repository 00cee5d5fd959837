import { watch, type FSWatcher } from 'node:fs'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { readManifest, type StaticPod } from './manifest.ts'

/** What the folder of manifests holds. */
export interface FolderContent {
  pods: StaticPod[]
  /** By path, why its file is not run. */
  problems: ReadonlyMap<string, string>
}

/** Larger files are no manifests. */
const largest = 1_024 * 1_024
/** The kubelet's own period (fileCheckFrequency), ms: not every change of a folder is told. */
const period = 20_000
/** A file is often written in several steps: it is read once nothing has changed for this time, ms. */
const settling = 200

/** All files of the folder but hidden ones, in the order of their names; of two pods with one name the first is taken. */
export async function readFolder(folder: string, nodeName: string): Promise<FolderContent> {
  const names = await readdir(folder).catch(() => [])
  const pods = new Map<string, StaticPod>()
  const problems = new Map<string, string>()
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    const path = join(folder, name)
    try {
      const { size, isFile } = await stat(path).then((info) => ({ size: info.size, isFile: info.isFile() }))
      if (!isFile) continue
      if (size > largest) throw new Error('larger than 1 MiB')
      const pod = readManifest(await readFile(path, 'utf8'), { path, nodeName })
      const key = `${pod.namespace}/${pod.name}`
      if (pods.has(key)) throw new Error(`another file has a pod of the name ${key}`)
      pods.set(key, pod)
    } catch (error) {
      problems.set(path, messageOf(error))
    }
  }
  return { pods: [...pods.values()], problems }
}

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
