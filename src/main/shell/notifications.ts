import { Notification } from 'electron'
import type { Stop } from '#shared/base/disposable.ts'
import type { Cluster } from '#shared/contract/clusters.ts'
import { breakages, type Breakage } from './breakages.ts'
import { createCrashWatch } from './crash-watch.ts'
import type { Speech } from './texts/index.ts'

/** How often crashing pods are looked for, ms. */
const lookMs = 10_000

/** Tells of what breaks, where the user wants that. @param options `open`: shows the cluster that a notification names */
export function notifyOfBreakages({
  clusters,
  speech,
  isWanted,
  open,
}: {
  clusters: {
    list(): Cluster[]
    onChange(listener: () => void): Stop
    crashingPods(): ReadonlyMap<string, readonly string[]>
  }
  speech: Speech
  isWanted(what: 'breakages' | 'crashes'): boolean
  open(cluster: string): void
}): Stop {
  let before = clusters.list()
  const tell = (broken: readonly Breakage[]): void => {
    for (const { cluster, title, text } of broken) {
      const notification = new Notification({ title, body: text })
      notification.on('click', () => open(cluster))
      notification.show()
    }
  }
  const crashes = createCrashWatch(speech.texts)
  const timer = setInterval(() => {
    if (isWanted('crashes') && Notification.isSupported()) tell(crashes.look(clusters.crashingPods(), Date.now()))
  }, lookMs)
  timer.unref()
  const stopFollowing = clusters.onChange(() => {
    const after = clusters.list()
    const broken = breakages(before, after, speech.texts())
    before = after
    if (isWanted('breakages') && Notification.isSupported()) tell(broken)
  })
  return () => {
    clearInterval(timer)
    return stopFollowing()
  }
}
