import type { Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { isPodTerminal, type ResourceList } from '#shared/kube/pod.ts'
import { addUsage, countName, isInScope, usageOf } from '#shared/kube/quota.ts'
import { resourceQuotas } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome, type Watch } from '#shared/reconcile/controller.ts'

export interface ResourceQuotasOptions {
  /** Everything of namespaces that may be counted. */
  resources: readonly Resource[]
}

/**
 * Counts what a namespace uses, for the status of its quotas. What is created is put down by admission already; this
 * finds what has gone, and makes good what never came to be.
 */
export function startResourceQuotas(context: ControllerContext, { resources }: ResourceQuotasOptions): Stop {
  const { client } = context
  const quotas = context.informers.share(resourceQuotas)
  quotas.addIndex('namespace', ({ metadata }) => metadata.namespace)
  const namespaced = resources.filter((resource) => resource.namespaced)
  const informers = namespaced.map((resource) => ({ resource, informer: context.informers.share(resource) }))

  async function reconcile(key: string): Promise<Outcome> {
    const quota = quotas.get(key)
    if (!quota || quota.metadata.deletionTimestamp) return undefined
    const hard = quota.spec?.hard ?? {}
    const status = { hard, used: await usedOf(quota, hard) }
    if (jsonEqual(status, quota.status)) return undefined
    try {
      await quotas.caughtUp(await client.updateStatus(resourceQuotas, { ...quota, status }))
    } catch (error) {
      // Admission has put something down meanwhile: that change brings us back here.
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
    return undefined
  }

  async function usedOf(quota: ResourceQuota, hard: ResourceList): Promise<ResourceList> {
    const names = Object.keys(hard)
    let used: ResourceList = Object.fromEntries(names.map((name) => [name, '0']))
    for (const resource of namespaced) {
      if (!names.some((name) => concerns(name, resource))) continue
      const { items } = await client.list(resource, { namespace: quota.metadata.namespace ?? '' })
      for (const object of items) {
        if (!isInScope(quota, resource, object)) continue
        used = addUsage(used, only(names, usageOf(resource, object)))
      }
    }
    return used
  }

  /** An object that is gone, or a pod that has ended, may make room. */
  const replenished = ({ resource, informer }: (typeof informers)[number]): Watch => ({
    synced: informer.synced,
    connect(enqueue) {
      const wake = ({ metadata }: KubeObject): void => {
        for (const quota of quotas.byIndex('namespace', metadata.namespace ?? '')) enqueue(keyOf(quota))
      }
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
    watches: [watch(quotas, keyOf), ...informers.map(replenished)],
  })
  return () => controller.stop()
}

/** Kinds whose objects may come to count for more or less. */
const isSized = ({ group, plural }: Resource): boolean =>
  group === '' && (plural === 'services' || plural === 'persistentvolumeclaims')

function concerns(name: string, resource: Resource): boolean {
  if (name === countName(resource)) return true
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
