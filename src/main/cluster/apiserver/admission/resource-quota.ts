import { isConflict } from '#shared/kube/error-kinds.ts'
import type { Pod, ResourceQuota } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { ResourceList } from '#shared/kube/pod.ts'
import { compareQuantities, formatQuantity, parseQuantity } from '#shared/kube/quantity.ts'
import { addUsage, isInScope, usageOf } from '#shared/kube/quota.ts'
import { resourceQuotas } from '#shared/kube/resources.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

export interface ResourceQuotaOptions {
  /** Writes the status of a quota. @throws ApiError 409 when it has changed since it was read */
  writeStatus(quota: Stored<ResourceQuota>): Promise<unknown>
}

const maxAttempts = 8

/**
 * ResourceQuota: refuses what exceeds a namespace's quota, and adds what it admits to the usage at once, so that
 * concurrent requests cannot share the last unit.
 */
export function resourceQuota({ writeStatus }: ResourceQuotaOptions): AdmissionPlugin {
  const queues = new Map<string, Promise<void>>()
  return {
    name: 'ResourceQuota',
    validate(attributes) {
      const { namespace, operation, subresource, kind } = attributes
      if (namespace === '' || !kind.namespaced || (operation !== 'CREATE' && operation !== 'UPDATE')) return
      if (subresource !== '' && subresource !== 'resize') return
      if (quotasOf(attributes).length === 0) return
      // Requests of one namespace are counted one at a time.
      const before = queues.get(namespace) ?? Promise.resolve()
      const turn = before.catch(() => undefined).then(() => reserve(attributes, writeStatus))
      queues.set(namespace, turn)
      return turn.finally(() => {
        if (queues.get(namespace) === turn) queues.delete(namespace)
      })
    },
  }
}

const quotasOf = ({ reader, namespace }: AdmissionAttributes): Stored<ResourceQuota>[] =>
  reader.list(resourceQuotas, namespace)

/** @throws ApiError 403 */
async function reserve(
  attributes: AdmissionAttributes,
  writeStatus: ResourceQuotaOptions['writeStatus'],
): Promise<void> {
  const { kind, object, oldObject } = attributes
  if (!object) return
  for (let attempt = 1; ; attempt++) {
    const changed = quotasOf(attributes).flatMap((quota) => {
      const delta = deltaFor(quota, kind, object, oldObject)
      return checked(quota, delta, attributes)
    })
    if (attributes.dryRun) return
    try {
      for (const quota of changed) await writeStatus(quota)
      return
    } catch (error) {
      if (!isConflict(error) || attempt === maxAttempts) throw error
      // Reads return what is on disk; the conflicting write is there shortly.
      await new Promise((resolve) => setTimeout(resolve, 5 * attempt))
    }
  }
}

/** What the request adds to the usage of a quota; decreases are left to the quota controller. */
function deltaFor(
  quota: ResourceQuota,
  kind: AdmissionAttributes['kind'],
  object: KubeObject,
  oldObject: KubeObject | undefined,
): ResourceList {
  if (!isInScope(quota, kind, object)) return {}
  const hard = quota.status?.hard ?? {}
  const now = usageOf(kind, object)
  const before = oldObject && isInScope(quota, kind, oldObject) ? usageOf(kind, oldObject) : {}
  const delta: ResourceList = {}
  for (const name of Object.keys(now)) {
    if (hard[name] === undefined) continue
    const change = difference(now[name] ?? '0', before[name] ?? '0')
    if (parseQuantity(change).nano > 0n) delta[name] = change
  }
  return delta
}

const difference = (a: string, b: string): string => {
  const { nano, format } = parseQuantity(a)
  return formatQuantity({ nano: nano - parseQuantity(b).nano, format })
}

/** The quota with the request added, undefined when it does not change. @throws ApiError 403 */
function checked(
  quota: Stored<ResourceQuota>,
  delta: ResourceList,
  attributes: AdmissionAttributes,
): Stored<ResourceQuota>[] {
  const { hard = {}, used = {} } = quota.status ?? {}
  if (isInScope(quota, attributes.kind, attributes.object ?? { metadata: {} })) checkRequired(quota, hard, attributes)
  const names = Object.keys(delta).sort()
  if (names.length === 0) return []
  const after = addUsage(used, delta)
  const exceeded = names.filter((name) => compareQuantities(after[name] ?? '0', hard[name] ?? '0') > 0)
  if (exceeded.length > 0) {
    const list = (values: ResourceList): string => exceeded.map((name) => `${name}=${values[name] ?? '0'}`).join(',')
    throw refusal(
      attributes,
      `exceeded quota: ${quota.metadata.name}, requested: ${list(delta)}, used: ${list(used)}, limited: ${list(hard)}`,
    )
  }
  return [{ ...quota, status: { hard, used: after } }]
}

const compute = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']

/** Under a quota of compute resources every container must specify them. @throws ApiError 403 */
function checkRequired(quota: ResourceQuota, hard: ResourceList, attributes: AdmissionAttributes): void {
  const { kind, object, operation } = attributes
  if (kind.group !== '' || kind.plural !== 'pods' || operation !== 'CREATE') return
  const { containers = [], initContainers = [] } = (object as Pod).spec ?? {}
  const missing = compute
    .filter((name) => hard[name] !== undefined)
    .flatMap((name) => {
      const side = name.startsWith('limits.') ? 'limits' : 'requests'
      const resource = name.replace(/^(limits|requests)\./, '')
      const without = [...initContainers, ...containers].filter(
        ({ resources }) => resources?.[side]?.[resource] === undefined,
      )
      return without.length > 0 ? [`${name} for: ${without.map((container) => container.name).join(',')}`] : []
    })
  if (missing.length > 0)
    throw refusal(attributes, `failed quota: ${quota.metadata.name}: must specify ${missing.sort().join('; ')}`)
}
