import { jsonEqual } from '../kube/json.ts'
import { refOf, type Client, type Resource } from '../client/client.ts'
import type { Informer } from '../client/informer.ts'
import { isAlreadyExists, isNotFound } from '../kube/error-kinds.ts'
import type { ControllerRevision, PodTemplateSpec } from '../kube/generated/types.ts'
import type { KubeObject } from '../kube/object.ts'
import { templateHash } from '../kube/pod-template.ts'
import { controllerRevisions } from '../kube/resources.ts'
import { controllerReference, dependentsOf } from './ownership.ts'

export const revisionHashLabel = 'controller-revision-hash'

/** A workload whose templates are kept as ControllerRevisions, for rollbacks. */
export interface Revisioned<T extends KubeObject> {
  owner: T
  resource: Resource<T>
  template: PodTemplateSpec | undefined
  collisionCount?: number
}

export interface History {
  current: ControllerRevision
  old: ControllerRevision[]
  /** The value of `controller-revision-hash` of pods of the present template. */
  hash: string
}

/** The revision of the present template: created where the template is new, renumbered as the latest where it is not. */
export async function keepHistory<T extends KubeObject>(
  client: Client,
  informer: Informer<ControllerRevision>,
  workload: Revisioned<T>,
): Promise<History> {
  const data = dataOf(workload.template)
  const present = dependentsOf(informer, workload.owner).sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0))
  const same = present.filter((revision) => jsonEqual(revision.data, data)).at(-1)
  const old = present.filter((revision) => revision !== same)
  const latest = Math.max(0, ...old.map(({ revision }) => revision ?? 0))
  const current = await (same
    ? renumber(client, informer, same, latest + 1)
    : create(client, informer, workload, latest + 1))
  return { current, old, hash: hashOf(current) }
}

export const hashOf = ({ metadata }: ControllerRevision): string => metadata.labels?.[revisionHashLabel] ?? ''

async function renumber(
  client: Client,
  informer: Informer<ControllerRevision>,
  revision: ControllerRevision,
  number: number,
): Promise<ControllerRevision> {
  if ((revision.revision ?? 0) >= number) return revision
  const written = await client.update(controllerRevisions, { ...revision, revision: number })
  await informer.caughtUp(written)
  return written
}

async function create<T extends KubeObject>(
  client: Client,
  informer: Informer<ControllerRevision>,
  { owner, resource, template, collisionCount }: Revisioned<T>,
  number: number,
): Promise<ControllerRevision> {
  const data = dataOf(template)
  const hash = templateHash(data, collisionCount)
  const revision: ControllerRevision = {
    metadata: {
      name: `${owner.metadata.name ?? ''}-${hash}`,
      namespace: owner.metadata.namespace,
      labels: { ...template?.metadata?.labels, [revisionHashLabel]: hash },
      annotations: owner.metadata.annotations,
      ownerReferences: [controllerReference(owner, resource)],
    },
    data,
    revision: number,
  }
  try {
    const written = await client.create(controllerRevisions, revision)
    await informer.caughtUp(written)
    return written
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    // Same name and content: created by an earlier reconcile that did not see the answer.
    const live = await client.get(controllerRevisions, refOf(revision))
    if (jsonEqual(live.data, data)) return live
    throw error
  }
}

/** Deletes the oldest revisions beyond `limit` that no pod uses. */
export async function trimHistory(
  client: Client,
  { old }: History,
  limit: number,
  inUse: ReadonlySet<string>,
): Promise<void> {
  const unused = old.filter((revision) => !inUse.has(hashOf(revision)))
  const excess = Math.max(0, unused.length - limit)
  await Promise.all(
    unused.slice(0, excess).map((revision) =>
      client.delete(controllerRevisions, refOf(revision)).catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      }),
    ),
  )
}

/** A strategic merge patch that restores the template; `kubectl rollout undo` applies it. */
const dataOf = (template: PodTemplateSpec | undefined): Record<string, unknown> => ({
  spec: { template: { ...structuredClone(template), $patch: 'replace' } },
})
