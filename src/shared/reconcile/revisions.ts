import { jsonEqual } from '../kube/json.ts'
import { refOf, type Client, type Resource } from '../client/client.ts'
import type { Informer } from '../client/informer.ts'
import { isAlreadyExists, isNotFound } from '../kube/error-kinds.ts'
import type { ControllerRevision, PodTemplateSpec } from '../kube/generated/types.ts'
import type { KubeObject, Named, Stored } from '../kube/object.ts'
import { controllerRevisions } from '../kube/resources.ts'
import { controllerReference, dependentsOf } from './ownership.ts'

export const revisionHashLabel = 'controller-revision-hash'

/** A workload whose templates are kept as ControllerRevisions, for rollbacks. */
export interface Revisioned<T extends KubeObject> {
  owner: Stored<T>
  resource: Resource<T>
  template: PodTemplateSpec | undefined
  collisionCount?: number | undefined
  /** The label of the revisions that holds the template's hash; `controller-revision-hash` when unset. */
  hashLabel?: string
  /** The hash in a revision's name. @param data the revision's */
  hash: (data: Record<string, unknown>, collisionCount: number) => string
}

export interface History {
  /** The revision of the present template. */
  current: Stored<ControllerRevision>
  /** All others, the oldest first. */
  old: Stored<ControllerRevision>[]
  /** The hash of the present template. */
  hash: string
  /** How often a name was found taken by another template, for the status. */
  collisionCount: number
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
  const { collisionCount = 0, hashLabel = revisionHashLabel } = workload
  const { revision, collisions } = same
    ? { revision: await renumber(client, informer, same, latest + 1), collisions: collisionCount }
    : await create(client, informer, workload, latest + 1)
  return { current: revision, old, hash: revision.metadata.labels?.[hashLabel] ?? '', collisionCount: collisions }
}

export const hashOf = ({ metadata }: ControllerRevision): string => metadata.labels?.[revisionHashLabel] ?? ''

async function renumber(
  client: Client,
  informer: Informer<ControllerRevision>,
  revision: Stored<ControllerRevision>,
  number: number,
): Promise<Stored<ControllerRevision>> {
  if ((revision.revision ?? 0) >= number) return revision
  const written = await client.update(controllerRevisions, { ...revision, revision: number })
  await informer.caughtUp(written)
  return written
}

/** Creates the revision; where its name is another template's, under the hash of the next collision count. */
async function create<T extends KubeObject>(
  client: Client,
  informer: Informer<ControllerRevision>,
  workload: Revisioned<T>,
  number: number,
): Promise<{ revision: Stored<ControllerRevision>; collisions: number }> {
  for (let collisions = workload.collisionCount ?? 0; ; collisions++) {
    const revision = revisionOf(workload, number, collisions)
    try {
      const written = await client.create(controllerRevisions, revision)
      await informer.caughtUp(written)
      return { revision: written, collisions }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      // Same name and content: created by an earlier reconcile that did not see the answer.
      const live = await client.get(controllerRevisions, refOf(revision))
      if (jsonEqual(live.data, revision.data)) return { revision: live, collisions }
    }
  }
}

function revisionOf<T extends KubeObject>(
  { owner, resource, template, hashLabel = revisionHashLabel, hash: hashOfData }: Revisioned<T>,
  number: number,
  collisions: number,
): ControllerRevision & Named {
  const { annotations } = owner.metadata
  const data = dataOf(template)
  const hash = hashOfData(data, collisions)
  return {
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace,
      labels: { ...template?.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(owner, resource)],
    },
    data,
    revision: number,
  }
}

/** Deletes the oldest revisions beyond `limit` that are not in use. */
export async function trimHistory(
  client: Client,
  { old }: History,
  limit: number,
  isInUse: (revision: ControllerRevision) => boolean,
): Promise<void> {
  const unused = old.filter((revision) => !isInUse(revision))
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
