import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
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
