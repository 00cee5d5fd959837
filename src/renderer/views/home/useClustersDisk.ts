import { shallowRef, watch, type ShallowRef } from 'vue'
import type { DiskUse } from '#shared/contract/care.ts'
import { useApi } from '../../api/index.ts'

export interface ClustersDisk {
  /** By cluster; one that does not answer is left out. */
  uses: ReadonlyMap<string, DiskUse>
  /** Left on this machine, bytes. */
  free: number
}

/**
 * What clusters take on disk. The engine counts files for it: it is asked when a cluster comes, goes, starts or stops, not from time to
 * time.
 * @param clusters name and state of each
 */
export function useClustersDisk(clusters: () => readonly { name: string; state: string }[]): {
  disk: ShallowRef<ClustersDisk | undefined>
  again(): Promise<void>
} {
  const { back } = useApi()
  const disk = shallowRef<ClustersDisk>()
  let asked = 0
  async function again(): Promise<void> {
    const own = ++asked
    const found = await Promise.all(
      clusters().map(({ name: cluster }) =>
        back.care.disk({ cluster }).then(
          (use): [string, DiskUse][] => [[cluster, use]],
          () => [],
        ),
      ),
    )
    if (own !== asked) return
    const uses = new Map(found.flat())
    const [first] = uses.values()
    disk.value = first && { uses, free: first.freeBytes }
  }
  watch(
    () =>
      clusters()
        .map(({ name, state }) => `${name} ${state}`)
        .join(),
    again,
    { immediate: true },
  )
  return { disk, again }
}
