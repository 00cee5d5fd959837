import type { Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal, type ResourceList } from '#shared/kube/pod.ts'
import { addUsage, countName, isInScope, usageOf } from '#shared/kube/quota.ts'
import { resourceQuotas } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome, type Watch } from '#shared/reconcile/controller.ts'

export interface ResourceQuotasOptions {
  /** The built-in resources; those of namespaces are counted. */
  resources: readonly Resource[]
  /** Announces custom resources that are added and removed, the present ones at once. */
  onCustomResource?: (listener: (resource: Resource, served: boolean) => void) => Stop
}

/** Quotas are counted again this often, whatever happens, ms: as kube-controller-manager's resync. */
const resyncMs = 300_000

/** Longest time between the reservation that admission writes and the object that it is for, ms. */
const reservationMs = 1_000

/**
 * Counts what a namespace uses, for the status of its quotas. Creations are reserved by admission, which writes the same
 * status; this controller finds what has gone, and frees reservations whose object was refused afterwards.
 *
 * A count must not overtake a reservation: the object may not be stored yet, and its share would be given out twice. So
 * admission's writes cause no count, and a count waits until the last of them is a moment old.
 */
export function startResourceQuotas(
  context: ControllerContext,
  { resources, onCustomResource }: ResourceQuotasOptions,
): Stop {
  const { client, clock } = context
  const quotas = context.informers.share(resourceQuotas)
  quotas.addIndex('namespace', ({ metadata }) => metadata.namespace)
  const builtIn = resources.filter(({ namespaced }) => namespaced)
  const informers = builtIn.map((resource) => ({ resource, informer: context.informers.share(resource) }))
  /** By group and plural. */
  const custom = new Map<string, { resource: Resource; stop: Stop }>()

  /** When a change of a quota was last seen that is not a change of its spec, ms. */
  const reservedAt = new Map<string, number>()

  async function reconcile(key: string): Promise<Outcome> {
    const quota = quotas.get(key)
    if (!quota || quota.metadata.deletionTimestamp) return undefined
    const hard = quota.spec?.hard ?? {}
    const wait = (reservedAt.get(key) ?? -Infinity) + reservationMs - clock.now()
    if (wait > 0 && jsonEqual(hard, quota.status?.hard)) return { requeueAfter: wait }
    const status = { hard, used: await usedOf(quota, hard) }
    // With the version that was counted from: a reservation since then makes this a conflict, and another count.
    if (!jsonEqual(status, quota.status))
      await quotas.caughtUp(await client.updateStatus(resourceQuotas, { ...quota, status }))
    return { requeueAfter: resyncMs }
  }

  const stopNoting = quotas.onChange({
    updated(previous, quota) {
      if (!changesSpec(previous, quota)) reservedAt.set(keyOf(quota), clock.now())
    },
    deleted: (quota) => reservedAt.delete(keyOf(quota)),
  })

  async function usedOf(quota: Stored<ResourceQuota>, hard: ResourceList): Promise<ResourceList> {
    const names = Object.keys(hard)
    let used: ResourceList = Object.fromEntries(names.map((name) => [name, '0']))
    for (const resource of [...builtIn, ...[...custom.values()].map((each) => each.resource)]) {
      if (!names.some((name) => concerns(name, resource))) continue
      const items = await itemsOf(resource, quota.metadata.namespace)
      for (const object of items) {
        if (!isInScope(quota, resource, object)) continue
        used = addUsage(used, only(names, usageOf(resource, object, clock.now())))
      }
    }
    return used
  }

  async function itemsOf(resource: Resource, namespace: string | undefined): Promise<Stored[]> {
    try {
      return (await client.list(resource, { namespace })).items
    } catch (error) {
      // A custom resource that is no longer served.
      if (isNotFound(error)) return []
      throw error
    }
  }

  const wakeQuotasOf = (enqueue: (key: string) => void) => (object: Stored) => {
    for (const quota of quotas.byIndex('namespace', object.metadata.namespace ?? '')) enqueue(keyOf(quota))
  }

  /** An object that is gone, or a pod that has ended, may make room. */
  const replenished = ({ resource, informer }: (typeof informers)[number]): Watch => ({
    synced: informer.synced,
    connect(enqueue) {
      const wake = wakeQuotasOf(enqueue)
      const isPod = resource.group === '' && resource.plural === 'pods'
      return informer.onChange({
        deleted: wake,
        updated(previous, object) {
          if (isPod ? isPodTerminal(object) && !isPodTerminal(previous) : isSized(resource)) wake(object)
        },
      })
    },
  })

  const controller = runController({
    ...context,
    name: 'resourcequota',
    reconcile,
    shares: [quotas, ...informers.map(({ informer }) => informer)],
    workers: 4,
    watches: [watch(quotas, keyOf, needsCount), ...informers.map(replenished)],
  })

  function serve(resource: Resource, served: boolean): void {
    if (!resource.namespaced) return
    const key = countName(resource)
    void custom.get(key)?.stop()
    custom.delete(key)
    const countAgain = (): void => {
      for (const quota of quotas.list()) if (quota.spec?.hard?.[key] !== undefined) controller.enqueue(keyOf(quota))
    }
    if (!served) {
      countAgain()
      return
    }
    const informer = context.informers.share(resource)
    informer.onChange({ deleted: wakeQuotasOf((quota) => controller.enqueue(quota)) })
    void informer.synced.then(countAgain)
    custom.set(key, { resource, stop: () => informer.stop() })
  }
  const stopServing = onCustomResource?.(serve)

  return async () => {
    void stopNoting()
    void stopServing?.()
    for (const { stop } of custom.values()) void stop()
    await controller.stop()
  }
}

const changesSpec = (previous: ResourceQuota, quota: ResourceQuota): boolean => !jsonEqual(previous.spec, quota.spec)

/** Admission writes `used` alone: a status of other limits than the spec's was written by somebody else, or is new. */
const needsCount = (previous: ResourceQuota, quota: ResourceQuota): boolean =>
  changesSpec(previous, quota) || !jsonEqual(quota.spec?.hard, quota.status?.hard)

/** Kinds whose objects may come to count for more or less by an update. */
const isSized = ({ group, plural }: Resource): boolean =>
  group === '' && (plural === 'services' || plural === 'persistentvolumeclaims')

function concerns(name: string, resource: Resource): boolean {
  if (name === countName(resource)) return true
  if (resource.group === 'resource.k8s.io') return name.endsWith('.deviceclass.resource.k8s.io/devices')
  if (resource.group !== '') return false
  switch (resource.plural) {
    case 'pods':
      return name === 'pods' || /^(cpu|memory|ephemeral-storage|hugepages-|requests\.(?!storage$)|limits\.)/.test(name)
    case 'services':
      return name === 'services' || name.startsWith('services.')
    case 'persistentvolumeclaims':
      return (
        name === 'persistentvolumeclaims' ||
        name === 'requests.storage' ||
        name.includes('.storageclass.storage.k8s.io/')
      )
    default:
      return name === resource.plural
  }
}

const only = (names: readonly string[], usage: ResourceList): ResourceList =>
  Object.fromEntries(Object.entries(usage).filter(([name]) => names.includes(name)))
