import { refOf, type Client, type Resource } from '../client/client.ts'
import { keyOf, type Informer } from '../client/informer.ts'
import { isAnotherObject, isNotFound } from '../kube/error-kinds.ts'
import type { KubeObject, OwnerReference, Stored } from '../kube/object.ts'
import { selects, type LabelSelectorShape } from '../kube/selectors.ts'

/** The owner reference of the object's controller; at most one reference has `controller` set. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller)

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid

/** A reference that makes `owner` the controller of the object that has it. */
export const controllerReference = (
  owner: Stored,
  { group, version, kind }: Pick<Resource, 'group' | 'version' | 'kind'>,
): OwnerReference => ({
  apiVersion: group ? `${group}/${version}` : version,
  kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
})

/**
 * The keys of the workloads that a change of an object concerns: its controller's, or where it has none those of its
 * namespace that select it and might adopt it.
 */
export function workloadsOf<O extends KubeObject>(options: {
  informer: Informer<O>
  resource: Pick<Resource<O>, 'kind'>
  selectorOf: (owner: O) => LabelSelectorShape | undefined
}): (object: Stored) => string[] {
  const { informer, resource, selectorOf } = options
  informer.addIndex(byNamespace, ({ metadata }) => metadata.namespace)
  return (object) => {
    const { namespace = '', labels } = object.metadata
    const controller = controllerOf(object)
    if (controller) return controller.kind === resource.kind ? [`${namespace}/${controller.name}`] : []
    return informer
      .byIndex(byNamespace, namespace)
      .filter((owner) => selects(selectorOf(owner), labels))
      .map(keyOf)
  }
}

const byNamespace = 'namespace'
const byOwner = 'controller-uid'
const byOrphanage = 'orphans-of-namespace'

/** Adds the indexes of `dependentsOf` and `orphansOf`. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): void {
  informer.addIndex(byOwner, (object) => controllerOf(object)?.uid)
  informer.addIndex(byOrphanage, (object) => (controllerOf(object) ? undefined : object.metadata.namespace))
}

/** Objects whose controller is `owner`; none of one that is not stored yet. */
export const dependentsOf = <T extends KubeObject>(informer: Informer<T>, owner: KubeObject): Stored<T>[] =>
  owner.metadata.uid === undefined ? [] : informer.byIndex(byOwner, owner.metadata.uid)

/** Objects of a namespace that have no controller. */
export const orphansOf = <T extends KubeObject>(informer: Informer<T>, namespace: string | undefined): Stored<T>[] =>
  informer.byIndex(byOrphanage, namespace ?? '')

export interface ClaimOptions<T extends KubeObject, O extends KubeObject> {
  client: Client
  owner: Stored<O>
  ownerResource: Resource<O>
  resource: Resource<T>
  /** Indexed by `indexByController`. */
  informer: Informer<T>
  selected: (object: Stored<T>) => boolean
  /** Comes with the reference, and goes with it. */
  finalizer?: string
}

/**
 * The objects that `owner` manages: its own that its selector still selects, and orphans that it selects, which are
 * adopted; its own that it no longer selects are released. An owner under deletion adopts nothing, which is verified
 * against the API server and not the cache.
 */
export async function claim<T extends KubeObject, O extends KubeObject>(
  options: ClaimOptions<T, O>,
): Promise<Stored<T>[]> {
  const { informer, owner, selected } = options
  const claimed: Stored<T>[] = []
  const leaving: Stored<T>[] = []
  for (const object of dependentsOf(informer, owner)) (selected(object) ? claimed : leaving).push(object)
  if (owner.metadata.deletionTimestamp) return claimed

  await Promise.all(leaving.map((object) => release(options, object)))
  const adoptable = orphansOf(informer, owner.metadata.namespace).filter(
    (object) => !object.metadata.deletionTimestamp && selected(object),
  )
  if (adoptable.length > 0 && (await mayAdopt(options))) {
    const adopted = (await Promise.all(adoptable.map((object) => adopt(options, object)))).filter(
      (object) => object !== undefined,
    )
    await informer.caughtUp(...adopted)
    claimed.push(...adopted)
  }
  return claimed
}

async function mayAdopt<T extends KubeObject, O extends KubeObject>(options: ClaimOptions<T, O>): Promise<boolean> {
  const { client, owner, ownerResource } = options
  try {
    const live = await client.get(ownerResource, refOf(owner))
    return live.metadata.uid === owner.metadata.uid && !live.metadata.deletionTimestamp
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function adopt<T extends KubeObject, O extends KubeObject>(
  { client, owner, ownerResource, resource, finalizer }: ClaimOptions<T, O>,
  object: Stored<T>,
): Promise<Stored<T> | undefined> {
  const ownerReferences = [controllerReference(owner, ownerResource)]
  const finalizers = finalizer ? { finalizers: [finalizer] } : {}
  return unlessGone(
    client.patch(resource, refOf(object), {
      type: 'strategic',
      body: { metadata: { uid: object.metadata.uid, ownerReferences, ...finalizers } },
    }),
  )
}

async function release<T extends KubeObject, O extends KubeObject>(
  { client, owner, resource, finalizer }: ClaimOptions<T, O>,
  object: Stored<T>,
): Promise<void> {
  const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }]
  const finalizers = finalizer ? { '$deleteFromPrimitiveList/finalizers': [finalizer] } : {}
  await unlessGone(
    client.patch(resource, refOf(object), {
      type: 'strategic',
      body: { metadata: { uid: object.metadata.uid, ownerReferences, ...finalizers } },
    }),
  )
}

/** Undefined where the object is gone, or another of its name has replaced it (its uid is refused as invalid). */
async function unlessGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (isNotFound(error) || isAnotherObject(error)) return undefined
    throw error
  }
}
