import type { LocalClusters } from '../contexts/local-clusters.ts'

/** How the cluster went that the app was started for, and the others that run in its process. */
export interface Deletion {
  others: string[]
}

/** Resolves once the cluster is deleted, whoever has asked for it. */
export function untilDeleted(
  { list, onChange }: Pick<LocalClusters, 'list' | 'onChange'>,
  name: string,
): Promise<Deletion> {
  return new Promise((resolve) => {
    const look = (): void => {
      const clusters = list()
      if (clusters.some((cluster) => cluster.name === name)) return
      void stop()
      const others = clusters.filter(({ state }) => state !== 'stopped' && state !== 'failed')
      resolve({ others: others.map((cluster) => cluster.name) })
    }
    const stop = onChange(look)
    look()
  })
}
