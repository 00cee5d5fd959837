import type { Stop } from '#shared/base/disposable.ts'
import { refOf, type Resource } from '#shared/client/client.ts'
import { apiVersionOf } from '#shared/client/kube-client.ts'
import type { Informer } from '#shared/client/informer.ts'
import { isAnotherObject, isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { KubeObject, OwnerReference, Stored } from '#shared/kube/object.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, type Outcome, type Watch } from '#shared/reconcile/controller.ts'

export interface GarbageCollectorOptions {
  /** All served resources that can own or be owned: all but Events. */
  resources: readonly Resource[]
  /** Announces resources that are added and removed at run time: custom ones. */
  onResource?: (listener: (resource: Resource, served: boolean) => void) => Stop
}

const foreground = 'foregroundDeletion'
const orphan = 'orphan'

/**
 * Deletes objects whose owners are all gone, and carries out the other two ways of deleting an owner: dependents first
 * (`foreground`), or dependents released (`orphan`). Works on a graph of all objects by uid, which informers maintain;
 * that an owner is absent is verified against the API server before anything is deleted.
 */
export function startGarbageCollector(
  context: ControllerContext,
  { resources, onResource }: GarbageCollectorOptions,
): Stop {
  const { client } = context
  const log = context.log.child({ controller: 'garbage-collector' })
  const graph = new OwnerGraph()
  const byType = new Map(resources.map((resource) => [`${apiVersionOf(resource)}/${resource.kind}`, resource]))
  const informers = resources.map((resource) => ({ resource, informer: context.informers.share(resource) }))

  async function reconcile(uid: string): Promise<Outcome> {
    const node = graph.get(uid)
    if (!node) return undefined
    const { deletionTimestamp, finalizers = [] } = node.object.metadata
    if (deletionTimestamp && finalizers.includes(orphan)) await freeDependents(node)
    else if (deletionTimestamp && finalizers.includes(foreground)) await awaitDependents(node)
    else if (!deletionTimestamp && node.owners.length > 0) await judge(node)
    return undefined
  }

  async function freeDependents(node: GraphNode): Promise<void> {
    const gone = new Set([node.uid])
    await Promise.all(graph.dependentsOf(node.uid).map((dependent) => dropOwners(dependent, gone)))
    await dropFinalizer(node, orphan)
  }

  /** The owner is deleted when no dependent blocks it any more; dependents that do not block are deleted meanwhile. */
  async function awaitDependents(node: GraphNode): Promise<void> {
    const dependents = graph.dependentsOf(node.uid)
    const blocking = dependents.filter(({ owners }) =>
      owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion),
    )
    if (blocking.length === 0) await dropFinalizer(node, foreground)
    for (const { uid, object } of dependents) if (!object.metadata.deletionTimestamp) controller.enqueue(uid)
  }

  /** An object is kept as long as one of its owners exists. */
  async function judge(node: GraphNode): Promise<void> {
    const verdicts = await Promise.all(node.owners.map((owner) => verdictOn(owner, node)))
    const ownersThat = (verdict: Verdict): OwnerReference[] =>
      node.owners.filter((_, index) => verdicts[index] === verdict)
    const departing = [...ownersThat('absent'), ...ownersThat('waiting')]
    if (departing.length === 0) return
    if (ownersThat('solid').length > 0) await dropOwners(node, new Set(departing.map(({ uid }) => uid)))
    else await remove(node, ownersThat('waiting').length > 0)
  }

  async function verdictOn(owner: OwnerReference, node: GraphNode): Promise<Verdict> {
    const known = graph.get(owner.uid)
    const present = known && isReachable(known, node) ? known.object : await lookUp(owner, node)
    if (!present) return 'absent'
    const { deletionTimestamp, finalizers } = present.metadata
    return deletionTimestamp && finalizers?.includes(foreground) ? 'waiting' : 'solid'
  }

  /** The owner as the API server has it. An owner of an unknown kind counts as present. */
  async function lookUp(owner: OwnerReference, { object }: GraphNode): Promise<KubeObject | undefined> {
    const resource = byType.get(`${owner.apiVersion}/${owner.kind}`)
    if (!resource) {
      log.debug('owner of unknown kind', { kind: owner.kind, apiVersion: owner.apiVersion })
      return { metadata: { uid: owner.uid } }
    }
    // A cluster-scoped object cannot be owned by a namespaced one: there is no namespace to look in.
    if (resource.namespaced && !object.metadata.namespace) return undefined
    try {
      const live = await client.get(resource, {
        name: owner.name,
        ...(resource.namespaced ? { namespace: object.metadata.namespace } : {}),
      })
      return live.metadata.uid === owner.uid ? live : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** A dependent of a foreground deletion is deleted in the foreground too; others as their finalizers say. */
  async function remove(node: GraphNode, ownersWait: boolean): Promise<void> {
    const { finalizers = [], uid } = node.object.metadata
    // A cycle of foreground deletions would wait for itself: its members are made non-blocking.
    const dependents = graph.dependentsOf(node.uid)
    const inRing =
      ownersWait &&
      dependents.some(
        ({ object }) => object.metadata.deletionTimestamp && object.metadata.finalizers?.includes(foreground),
      )
    if (inRing) await unblockOwners(node)
    const asks = finalizers.includes(orphan) ? 'Orphan' : finalizers.includes(foreground) ? 'Foreground' : 'Background'
    const propagationPolicy = ownersWait && dependents.length > 0 ? 'Foreground' : asks
    log.debug('deleting an object without owner', { uid, kind: node.resource.kind, name: node.object.metadata.name })
    await ignoringLoss(
      client.delete(node.resource, refOf(node.object), { propagationPolicy, preconditions: { uid: node.uid } }),
    )
  }

  async function unblockOwners(node: GraphNode): Promise<void> {
    await change(node, { ownerReferences: node.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })) })
  }

  async function dropOwners(node: GraphNode, gone: ReadonlySet<string>): Promise<void> {
    const kept = node.owners.filter(({ uid }) => !gone.has(uid))
    if (kept.length < node.owners.length) await change(node, { ownerReferences: kept.length > 0 ? kept : null })
  }

  async function dropFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const kept = node.object.metadata.finalizers?.filter((other) => other !== finalizer) ?? []
    await change(node, { finalizers: kept.length > 0 ? kept : null })
  }

  /** Writes whole lists with the resourceVersion that was read: a concurrent change is a conflict, and retried. */
  async function change(node: GraphNode, fields: Record<string, unknown>): Promise<void> {
    const { uid, resourceVersion } = node.object.metadata
    const body = { metadata: { uid, resourceVersion, ...fields } }
    await ignoringLoss(client.patch(node.resource, refOf(node.object), { type: 'merge', body }))
  }

  async function ignoringLoss(write: Promise<unknown>): Promise<void> {
    try {
      await write
    } catch (error) {
      if (isConflict(error) && !isAnotherObject(error)) throw error
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  /** Updates the graph, and enqueues the objects that a change concerns. */
  function follow(resource: Resource, informer: Informer): Stop {
    return informer.onChange({
      added: (object) => look(graph.put(resource, object)),
      updated: (previous, object) => {
        const node = graph.put(resource, object)
        if (isAlike(previous, object)) return
        look(node)
        // A former owner may have waited for this dependent alone.
        for (const owner of previous.metadata.ownerReferences ?? noOwners) wakeOwner(owner)
      },
      deleted: (object) => {
        const uid = object.metadata.uid
        const node = graph.remove(uid)
        for (const dependent of graph.dependentsOf(uid)) controller.enqueue(dependent.uid)
        for (const owner of node?.owners ?? []) wakeOwner(owner)
      },
    })
  }

  function look(node: GraphNode): void {
    const { deletionTimestamp, finalizers = [] } = node.object.metadata
    if (deletionTimestamp && (finalizers.includes(foreground) || finalizers.includes(orphan)))
      controller.enqueue(node.uid)
    if (node.owners.some((owner) => !isSolid(owner, node))) controller.enqueue(node.uid)
    // Its references may no longer block an owner that waits.
    for (const owner of node.owners) wakeOwner(owner)
  }

  function isSolid(owner: OwnerReference, node: GraphNode): boolean {
    const known = graph.get(owner.uid)
    return known !== undefined && isReachable(known, node) && !known.object.metadata.deletionTimestamp
  }

  function wakeOwner({ uid }: OwnerReference): void {
    const owner = graph.get(uid)
    if (owner?.object.metadata.deletionTimestamp && owner.object.metadata.finalizers?.includes(foreground))
      controller.enqueue(uid)
  }

  const synced: Watch = {
    synced: Promise.all(informers.map(({ informer }) => informer.synced)).then(() => undefined),
    connect: () => () => undefined,
  }
  const controller = runController({
    ...context,
    name: 'garbage-collector',
    reconcile,
    shares: informers.map(({ informer }) => informer),
    workers: 16,
    watches: [synced],
  })
  const following = informers.map(({ resource, informer }) => follow(resource, informer))
  const custom = new Map<string, Stop>()
  const stopResources = onResource?.((resource, served) => {
    const { group, plural } = resource
    const key = `${group}/${plural}`
    if (!served) {
      const stop = custom.get(key)
      void stop?.()
      custom.delete(key)
      byType.delete(`${apiVersionOf(resource)}/${resource.kind}`)
      return
    }
    byType.set(`${apiVersionOf(resource)}/${resource.kind}`, resource)
    if (custom.has(key)) return
    const informer = context.informers.share(resource)
    const stop = follow(resource, informer)
    custom.set(key, () => {
      void stop()
      informer.stop()
    })
  })

  return async () => {
    void stopResources?.()
    for (const stop of [...following, ...custom.values()]) void stop()
    await controller.stop()
  }
}

/** Whether an owner is present, absent, or waiting for its dependents in a foreground deletion. */
type Verdict = 'solid' | 'absent' | 'waiting'

/** Owners are cluster-scoped or in the dependent's namespace; a reference to any other namespace counts as absent. */
const isReachable = (owner: GraphNode, { object }: GraphNode): boolean =>
  !owner.object.metadata.namespace || owner.object.metadata.namespace === object.metadata.namespace

/** Whether an update is irrelevant to the graph: most change spec and status only. */
function isAlike({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  return (
    a.deletionTimestamp === b.deletionTimestamp &&
    (a.finalizers?.join() ?? '') === (b.finalizers?.join() ?? '') &&
    ownersText(a.ownerReferences) === ownersText(b.ownerReferences)
  )
}

const ownersText = (owners: readonly OwnerReference[] | undefined): string =>
  owners?.map(({ uid, blockOwnerDeletion }) => `${uid}${blockOwnerDeletion ? '!' : ''}`).join() ?? ''

interface GraphNode {
  uid: string
  resource: Resource
  object: Stored
  owners: readonly OwnerReference[]
}

/** All objects by uid, and their dependents; dependents are recorded even before their owner is seen. */
class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  dependentsOf(uid: string): GraphNode[] {
    const nodes: GraphNode[] = []
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent)
      if (node) nodes.push(node)
    }
    return nodes
  }

  put(resource: Resource, object: Stored): GraphNode {
    const uid = object.metadata.uid
    const node: GraphNode = { uid, resource, object, owners: object.metadata.ownerReferences ?? noOwners }
    this.#unlink(this.#nodes.get(uid))
    this.#nodes.set(uid, node)
    for (const owner of node.owners) {
      const dependents = this.#dependents.get(owner.uid)
      if (dependents) dependents.add(uid)
      else this.#dependents.set(owner.uid, new Set([uid]))
    }
    return node
  }

  remove(uid: string): GraphNode | undefined {
    const node = this.#nodes.get(uid)
    this.#unlink(node)
    this.#nodes.delete(uid)
    return node
  }

  #unlink(node: GraphNode | undefined): void {
    for (const owner of node?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid)
      dependents?.delete(node?.uid ?? '')
      if (dependents?.size === 0) this.#dependents.delete(owner.uid)
    }
  }
}

const noOwners: readonly OwnerReference[] = []
