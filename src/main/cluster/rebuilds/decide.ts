import type { RolledWorkload, StaleContainer, StalePod } from '#shared/contract/rebuilds.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Container, ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import { rolledKinds } from '#shared/kube/rebuild.ts'
import { readImageReference, taggedImage } from '#shared/kube/image-reference.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** What the engine of this machine has under a name. */
export interface NamedImage {
  id: string
  /** `repository@sha256:…`; none of an image that was only built here. */
  digests: readonly string[]
  /** ms since the epoch */
  builtAt?: number
}

/** The containers of a pod that run another image than the one that has their image's name on this machine now. */
export function staleContainers(pod: Pod, imageOf: (name: string) => NamedImage | undefined): StaleContainer[] {
  return runningContainers(pod).flatMap(({ container, status }) => {
    const name = rebuildableName(container.image)
    const host = name === undefined ? undefined : imageOf(name)
    if (name === undefined || !host || !isOlder(status.imageID, host)) return []
    const { id: built, builtAt } = host
    return [{ name: container.name, image: name, runs: status.imageID, built, ...(builtAt ? { builtAt } : {}) }]
  })
}

/** The names whose images decide about a pod. */
export const imageNames = (pod: Pod): string[] =>
  runningContainers(pod).flatMap(({ container }) => rebuildableName(container.image) ?? [])

/** A workload that can be rolled. */
export type Workload = RolledWorkload & { namespace: string }

/** The Deployment, StatefulSet or DaemonSet that replaces a pod. @param replicaSet finds one by `namespace/name` */
export function workloadOf(
  { metadata }: KubeObject,
  replicaSet: (key: string) => KubeObject | undefined,
): RolledWorkload | undefined {
  const owner = controllerOf({ metadata })
  if (!owner) return undefined
  if (owner.kind === 'ReplicaSet') {
    const set = replicaSet(`${metadata.namespace ?? ''}/${owner.name}`)
    return set && workloadOf(set, replicaSet)
  }
  const kind = rolledKinds.find((each) => each === owner.kind)
  return kind && { kind, name: owner.name }
}

/** Each workload of the pods once. */
export function workloadsOf(stale: readonly StalePod[]): Workload[] {
  const found = stale.flatMap(({ namespace, workload }) => (workload ? [{ namespace, ...workload }] : []))
  return [...new Map(found.map((each) => [JSON.stringify(each), each])).values()]
}

/**
 * A worker that has copied an image from this machine knows it by its id; one that has pulled it, by the registry's digest.
 * A pulled one is outdated only by a build of this machine: a pull of this machine alone makes nothing old.
 */
function isOlder(runs: string, host: NamedImage): boolean {
  const copied = /^[a-z-]+:\/\/(sha256:[0-9a-f]+)$/.exec(runs)?.[1]
  if (copied !== undefined) return copied !== host.id
  const digest = /@(sha256:[0-9a-f]+)$/.exec(runs)?.[1]
  return digest !== undefined && host.digests.length === 0 && host.id !== digest
}

/** With its tag; undefined of an image that is named by its digest, which no build replaces. */
function rebuildableName(image = ''): string | undefined {
  const reference = readImageReference(image)
  return reference && reference.digest === undefined ? taggedImage(image) : undefined
}

/** Those that run and whose image is known; of init containers, the sidecars. */
function runningContainers({ metadata, spec, status }: Pod): { container: Container; status: ContainerStatus }[] {
  if (metadata.deletionTimestamp || status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap((container) => {
    const found = statuses.find(({ name }) => name === container.name)
    return found?.state?.running && found.imageID !== '' ? [{ container, status: found }] : []
  })
}
