import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** The cluster's volume, with a prepared content beside what is there. */
interface PreparedVolume {
  commit(): Promise<void>
  /** @returns false where a commit was complete, or nothing prepared */
  discard(): Promise<boolean>
}

/** The store of a restore while it is prepared. */
export const stagedStore = 'store.restored'
/** The store of before, until the restore is whole. */
const replacedStore = 'store.replaced'

const pathsIn = (dir: string): { store: string; staged: string; replaced: string } => ({
  store: join(dir, 'store'),
  staged: join(dir, stagedStore),
  replaced: join(dir, replacedStore),
})

/** The store changes its place with the prepared one, and back when the volumes cannot. */
export async function swapIn(dir: string, volume: Pick<PreparedVolume, 'commit'> | undefined): Promise<void> {
  const { store, staged, replaced } = pathsIn(dir)
  if (existsSync(store)) await rename(store, replaced)
  await rename(staged, store)
  try {
    await volume?.commit()
  } catch (error) {
    await rename(store, staged)
    if (existsSync(replaced)) await rename(replaced, store)
    throw error
  }
  await rm(replaced, { recursive: true, force: true })
}

/**
 * Brings a restore to its end that a crash has interrupted amid `swapIn`: store and volumes are then both of before, or both new.
 * To be called before the store is opened, which would begin an empty one where there is none.
 * @param volumeOf of the cluster; asked only where it is needed
 */
export async function finishSwap(
  dir: string,
  volumeOf: () => Pick<PreparedVolume, 'discard'> | undefined,
): Promise<void> {
  const { store, staged, replaced } = pathsIn(dir)
  if (!existsSync(replaced)) return
  const isUndone = (await volumeOf()?.discard()) ?? false
  if (!existsSync(store)) await rename(replaced, store)
  else if (isUndone) {
    await rename(store, staged)
    await rename(replaced, store)
  } else {
    await rm(replaced, { recursive: true, force: true })
    await rm(join(dir, 'versions'), { recursive: true, force: true })
  }
  await rm(staged, { recursive: true, force: true })
}
