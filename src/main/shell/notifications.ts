import { Notification } from 'electron'
import type { Stop } from '#shared/base/disposable.ts'
import type { Cluster } from '#shared/contract/clusters.ts'
import { breakages } from './breakages.ts'

/** Tells of what breaks, where the user wants that. @param options `open`: shows the cluster that a notification names */
export function notifyOfBreakages({
  clusters,
  isWanted,
  open,
}: {
  clusters: { list(): Cluster[]; onChange(listener: () => void): Stop }
  isWanted(): boolean
  open(cluster: string): void
}): Stop {
  let before = clusters.list()
  return clusters.onChange(() => {
    const after = clusters.list()
    const broken = breakages(before, after)
    before = after
    if (!isWanted() || !Notification.isSupported()) return
    for (const { cluster, title, text } of broken) {
      const notification = new Notification({ title, body: text })
      notification.on('click', () => open(cluster))
      notification.show()
    }
  })
}
