import type { Breakage } from './breakages.ts'
import type { ShellTexts } from './texts/index.ts'

/** A pod has to crash for so long before it is told, ms: many recover by themselves when what they need is there. */
const patienceMs = 30_000
/** The same pod is told again after this time at the earliest, ms. */
const quietMs = 30 * 60_000

/** Decides which crashing pods are worth a notification: one for all of a cluster, and none twice. @param texts of the moment */
export function createCrashWatch(texts: () => Pick<ShellTexts, 'breakages'>): {
  /** @param crashing `namespace/name` of pods that crash now, by cluster @param now ms */
  look(crashing: ReadonlyMap<string, readonly string[]>, now: number): Breakage[]
} {
  const since = new Map<string, number>()
  const told = new Map<string, number>()
  return {
    look(crashing, now) {
      const keys = new Set([...crashing].flatMap(([cluster, pods]) => pods.map((pod) => `${cluster} ${pod}`)))
      for (const key of since.keys()) if (!keys.has(key)) since.delete(key)
      for (const [key, at] of told) if (now - at > quietMs) told.delete(key)
      return [...crashing].flatMap(([cluster, pods]) => {
        const due = pods.filter((pod) => {
          const key = `${cluster} ${pod}`
          const first = since.get(key) ?? now
          since.set(key, first)
          return now - first >= patienceMs && !told.has(key)
        })
        for (const pod of due) told.set(`${cluster} ${pod}`, now)
        return due.length > 0 ? [breakageOf(cluster, due, texts().breakages)] : []
      })
    },
  }
}

function breakageOf(cluster: string, pods: readonly string[], texts: ShellTexts['breakages']): Breakage {
  const [first = ''] = pods
  const names = pods.slice(0, 3).join(', ')
  return {
    cluster,
    title: `${cluster}: ${pods.length === 1 ? texts.crashes(first) : texts.crash(pods.length)}`,
    text: pods.length > 3 ? texts.more(names, pods.length - 3) : names,
  }
}
