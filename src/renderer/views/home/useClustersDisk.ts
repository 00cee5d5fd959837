import { shallowRef, watch, type ShallowRef } from 'vue'
import { useApi } from '../../api/index.ts'
import { diskTotal } from '../care/disk-total.ts'

export interface ClustersDisk {
  /** By cluster, bytes; a cluster that does not answer is left out. */
  bytes: ReadonlyMap<string, number>
  /** Left on this machine, bytes. */
  free: number
}

/** What clusters take on disk. The engine counts files for it: it is asked when a cluster comes or goes, not from time to time. */
export function useClustersDisk(names: () => readonly string[]): ShallowRef<ClustersDisk | undefined> {
  const { back } = useApi()
  const disk = shallowRef<ClustersDisk>()
  let asked = 0
  watch(
    () => names().join(),
    async () => {
      const own = ++asked
      const found = await Promise.all(
        names().map((cluster) =>
          back.care.disk({ cluster }).then(
            (use) => [{ cluster, use }],
            () => [],
          ),
        ),
      )
      if (own !== asked) return
      const [first] = found.flat()
      disk.value = first && {
        bytes: new Map(found.flat().map(({ cluster, use }) => [cluster, diskTotal(use)])),
        free: first.use.freeBytes,
      }
    },
    { immediate: true },
  )
  return disk
}
