import type { KubeObject, OwnerReference, Stored } from '#shared/kube/object.ts'
import { quantityNumber } from '#shared/kube/quantity.ts'
import type { ResourceKey } from '../../api/reader.ts'

/** Labels of one sample besides those that identify the object; unset ones are empty, as in kube-state-metrics. */
export type Labels = Readonly<Record<string, string | number | boolean | undefined>>
export type Sample = readonly [labels: Labels, value: number]

/** One metric of a kind, computed from each object. */
export interface Family<T extends KubeObject> {
  /** Without the kind's prefix: `spec_replicas`. */
  name: string
  help: string
  type: 'gauge' | 'counter'
  samples(object: Stored<T>, now: number): readonly Sample[]
}

/** All metrics of a kind. */
export interface KindMetrics<T extends KubeObject = KubeObject> {
  resource: ResourceKey<T>
  /** Of every metric name: `kube_deployment`. */
  prefix: string
  /** The labels that identify an object. */
  identity(object: Stored<T>): Labels
  families: readonly Family<T>[]
}

/** The one place that forgets the kind of a table. */
export const anyMetrics = <T extends KubeObject>(metrics: KindMetrics<T>): KindMetrics =>
  metrics as unknown as KindMetrics

const noLabels: Labels = {}
const none: readonly Sample[] = []

/** One sample with the value of a field; none where it is unset. */
export const value = <T extends KubeObject>(
  name: string,
  help: string,
  read: (object: Stored<T>, now: number) => number | boolean | undefined,
): Family<T> => ({
  name,
  help,
  type: 'gauge',
  samples(object, now) {
    const found = read(object, now)
    return found === undefined ? none : [[noLabels, Number(found)]]
  },
})

/** One sample per element of the object. */
export const each = <T extends KubeObject>(
  name: string,
  help: string,
  samples: (object: Stored<T>) => readonly Sample[],
  type: Family<T>['type'] = 'gauge',
): Family<T> => ({ name, help, type, samples })

/** One sample of 1 whose labels say what the object is; none for undefined. */
export const info = <T extends KubeObject>(
  help: string,
  read: (object: Stored<T>) => Labels | undefined = () => noLabels,
  name = 'info',
): Family<T> => each(name, help, (object) => one(read(object)))

const one = (labels: Labels | undefined): readonly Sample[] => (labels ? [[labels, 1]] : none)

/** A sample per possible state, 1 for the current one. */
export const states = (label: string, all: readonly string[], current: string | undefined): readonly Sample[] =>
  all.map((state) => [{ [label]: state }, Number(state === current)])

interface ConditionLike {
  type: string
  status: string
  reason?: string
}

const statuses = ['true', 'false', 'unknown']

/** Three samples per condition: its status is true, false or unknown. */
export const conditionSamples = (
  conditions: readonly ConditionLike[] | undefined,
  labelsOf: (condition: ConditionLike) => Labels,
  statusLabel = 'status',
): Sample[] =>
  (conditions ?? []).flatMap((condition) =>
    statuses.map((status): Sample => [
      { ...labelsOf(condition), [statusLabel]: status },
      Number(condition.status.toLowerCase() === status),
    ]),
  )

/** Seconds since the epoch. */
export const seconds = (time: string | null | undefined): number | undefined => {
  const ms = time ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1_000)
}

export const created = <T extends KubeObject>(): Family<T> =>
  value('created', 'Unix time of creation.', ({ metadata }) => seconds(metadata.creationTimestamp))

export const deleted = <T extends KubeObject>(): Family<T> =>
  value('deletion_timestamp', 'Unix time at which the deletion takes effect.', ({ metadata }) =>
    seconds(metadata.deletionTimestamp),
  )

export const generation = <T extends KubeObject>(): Family<T> =>
  value('metadata_generation', 'Generation of the desired state.', ({ metadata }) => metadata.generation)

export const resourceVersion = <T extends KubeObject>(): Family<T> =>
  value('metadata_resource_version', 'Revision of the object.', ({ metadata }) => Number(metadata.resourceVersion))

export const owner = <T extends KubeObject>(): Family<T> =>
  each('owner', 'Owners of the object.', ({ metadata }) => {
    const owners = metadata.ownerReferences ?? []
    if (owners.length === 0) return [[{ owner_kind: '', owner_name: '', owner_is_controller: '' }, 1]]
    return owners.map(({ kind, name, controller }) => [
      { owner_kind: kind, owner_name: name, owner_is_controller: controller ?? false },
      1,
    ])
  })

export const controllerIn = (owners: readonly OwnerReference[] | undefined): OwnerReference | undefined =>
  owners?.find(({ controller }) => controller)

/**
 * Samples of a resource list with labels `resource` and `unit`. Names are sanitised as labels: `ephemeral_storage`,
 * `nvidia_com_gpu`.
 */
export const resourceSamples = (list: Readonly<Record<string, string>> | undefined, labels: Labels = {}): Sample[] =>
  Object.entries(list ?? {}).map(([name, quantity]) => [
    { ...labels, resource: labelName(name), unit: unitOf(name) },
    quantityNumber(quantity),
  ])

function unitOf(resource: string): string {
  if (resource === 'cpu') return 'core'
  const inBytes = ['memory', 'storage', 'ephemeral-storage'].includes(resource)
  return inBytes || resource.startsWith('hugepages-') || resource.startsWith('attachable-volumes-') ? 'byte' : 'integer'
}

/** The name as a part of a Prometheus label. */
export const labelName = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/g, '_')

export const namespaced =
  (label: string) =>
  ({ metadata: { namespace, name } }: Stored): Labels => ({ namespace, [label]: name })

export const clustered =
  (label: string) =>
  ({ metadata: { name } }: Stored): Labels => ({ [label]: name })
