import { homedir } from 'node:os'
import { isAbsolute, join, normalize } from 'node:path'
import type { AppData } from '../app-data.ts'
import type { KubeconfigContexts } from './index.ts'
import { readConfigFile } from './read.ts'

/** Kubeconfig files that the user adds to those of KUBECONFIG: kept in the settings, read from then on. */
export interface AddedFiles {
  /** @throws Error with the reason when it cannot be read, or is no kubeconfig */
  add(file: string): Promise<void>
  remove(file: string): Promise<void>
}

/** Reads the files that were added before. */
export async function followAddedFiles({
  data,
  kubeconfig,
}: {
  data: Pick<AppData, 'settings' | 'saveSettings'>
  kubeconfig: Pick<KubeconfigContexts, 'follow'>
}): Promise<AddedFiles> {
  const save = async (change: (files: readonly string[]) => string[]): Promise<void> => {
    const { kubeconfigs } = await data.saveSettings({ kubeconfigs: change((await data.settings()).kubeconfigs) })
    await kubeconfig.follow(kubeconfigs)
  }
  await kubeconfig.follow((await data.settings()).kubeconfigs)
  return {
    async add(file) {
      const path = fullPath(file)
      const config = await readConfigFile(path)
      if (!config) throw new Error(`there is no file ${path}`)
      await save((files) => [...new Set([...files, path])])
    },
    async remove(file) {
      const path = fullPath(file)
      await save((files) => files.filter((each) => each !== path))
    },
  }
}

function fullPath(file: string): string {
  const path = file.startsWith('~/') ? join(homedir(), file.slice(2)) : normalize(file.trim())
  if (!isAbsolute(path)) throw new Error('give the whole path: it begins with / or with ~/')
  return path
}
