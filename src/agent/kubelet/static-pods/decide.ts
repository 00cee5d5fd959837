import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { mirrorAnnotation } from '#shared/kube/pod.ts'
import type { StaticPod } from './manifest.ts'

export interface StaticPodsDecision {
  /** Run with the status of these mirrors. */
  run: { pod: StaticPod; mirror: Stored<Pod> }[]
  /** Mirrors that are missing. */
  create: StaticPod[]
  /** Mirrors of other contents, without a file, or that somebody has deleted: another one follows where there is a file. */
  remove: Stored<Pod>[]
  /** Uids of pods that run and whose files are gone or have changed. */
  end: string[]
}

/**
 * What is to be done for the files of the folder (kubelet: HandlePodSyncs and the mirror client). A pod whose file has changed
 * starts when the one before it has ended; its mirror shows the old one until then.
 */
export function decideStaticPods({
  wanted,
  mirrors,
  running,
}: {
  wanted: readonly StaticPod[]
  /** Mirror pods of this node. */
  mirrors: readonly Stored<Pod>[]
  /** Uids and names of static pods that run or end. */
  running: ReadonlyMap<string, string>
}): StaticPodsDecision {
  const decision: StaticPodsDecision = { run: [], create: [], remove: [], end: [] }
  const wantedUids = new Set(wanted.map(({ uid }) => uid))
  for (const uid of running.keys()) if (!wantedUids.has(uid)) decision.end.push(uid)
  const ending = new Set(decision.end.map((uid) => running.get(uid)))
  const byName = new Map(mirrors.map((mirror) => [keyOf(mirror.metadata), mirror]))
  for (const pod of wanted) {
    const key = keyOf(pod)
    const mirror = byName.get(key)
    if (ending.has(key)) continue
    if (!mirror) decision.create.push(pod)
    else if (
      mirror.metadata.deletionTimestamp !== undefined ||
      mirror.metadata.annotations?.[mirrorAnnotation] !== pod.uid
    )
      decision.remove.push(mirror)
    else decision.run.push({ pod, mirror })
  }
  const names = new Set(wanted.map(keyOf))
  for (const [key, mirror] of byName) if (!names.has(key) && !ending.has(key)) decision.remove.push(mirror)
  return decision
}

export const keyOf = ({ name = '', namespace = '' }: { name?: string; namespace?: string }): string =>
  `${namespace}/${name}`
