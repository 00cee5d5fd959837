import { quotaShares } from '../explain/quota.ts'
import type { Attention } from './attention/index.ts'
import { healthOf } from './health.ts'
import { resourcesOf, sumOf } from './pod-resources.ts'
import type { Snapshot } from './snapshot.ts'

/** A namespace in a line. */
export interface NamespaceLine {
  name: string
  pods: number
  /** Findings about what is in it. */
  bad: number
  warn: number
  /** Used of its scarcest quota; unset without one. */
  quota: { resource: string; share: number } | undefined
  /** Memory that its pods ask for, bytes. */
  memory: number
}

/** The namespaces that have pods, those with the most trouble first. */
export function namespaceLines(snapshot: Snapshot, attention: readonly Attention[]): NamespaceLine[] {
  const byName = Map.groupBy(snapshot.pods ?? [], ({ metadata }) => metadata.namespace)
  return [...byName]
    .map(([name, pods]): NamespaceLine => {
      const about = attention.filter((each) => each.about.namespace === name)
      const [scarcest] = (snapshot.quotas ?? [])
        .filter(({ metadata }) => metadata.namespace === name)
        .flatMap(({ status }) => quotaShares(status))
        .sort((a, b) => b.share - a.share)
      return {
        name,
        pods: healthOf({ now: snapshot.now, pods }).pods?.all ?? 0,
        bad: about.filter(({ tone }) => tone === 'bad').length,
        warn: about.filter(({ tone }) => tone === 'warn').length,
        quota: scarcest && { resource: scarcest.resource, share: scarcest.share },
        memory: sumOf(pods.map((pod) => resourcesOf(pod).requests.memory)),
      }
    })
    .sort((a, b) => b.bad - a.bad || b.warn - a.warn || b.pods - a.pods || a.name.localeCompare(b.name))
}
