import type { CronJob, Pod, PodSpec, PodTemplate, StatefulSet } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { KindDeclaration } from '../api/kind.ts'
import type { Wire } from '../api/wire.ts'

/** Features that v1.36 has, and whether they are on there. Fields of those that are off are dropped where nobody has used them. */
export const defaultFeatureGates = { ContainerStopSignals: false, MaxUnavailableStatefulSet: false } as const

export type FeatureGate = keyof typeof defaultFeatureGates
export type FeatureGates = Readonly<Partial<Record<FeatureGate, boolean | undefined>>>

/** The kinds, which drop what belongs to features that are off. */
export function withFeatureGates(kinds: readonly KindDeclaration[], gates: FeatureGates = {}): KindDeclaration[] {
  const off = fields.filter(({ gate }) => !(gates[gate] ?? defaultFeatureGates[gate]))
  return kinds.map((kind) => {
    const dropped = off.filter((field) => field.kinds.has(kind.kind))
    return dropped.length === 0 ? kind : dropping(kind, dropped)
  })
}

/** A field of a feature. */
interface GatedField {
  gate: FeatureGate
  kinds: ReadonlySet<string>
  isUsed(object: KubeObject): boolean
  drop(object: KubeObject): void
}

function dropping(kind: KindDeclaration, dropped: readonly GatedField[]): KindDeclaration {
  return {
    ...kind,
    prepareForCreate(object) {
      kind.prepareForCreate?.(object)
      for (const field of dropped) field.drop(object)
    },
    prepareForUpdate(next, previous) {
      kind.prepareForUpdate?.(next, previous)
      for (const field of dropped) if (!field.isUsed(previous)) field.drop(next)
    },
  }
}

const workloads = ['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']

const fields: readonly GatedField[] = [
  {
    gate: 'MaxUnavailableStatefulSet',
    kinds: new Set(['StatefulSet']),
    isUsed: (object) => rollingUpdateOf(object)?.maxUnavailable !== undefined,
    drop: (object) => delete rollingUpdateOf(object)?.maxUnavailable,
  },
  {
    gate: 'ContainerStopSignals',
    kinds: new Set(['Pod', 'PodTemplate', ...workloads]),
    isUsed: (object) => containersOf(object).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined),
    drop(object) {
      for (const container of containersOf(object)) {
        if (container.lifecycle?.stopSignal === undefined) continue
        delete container.lifecycle.stopSignal
        if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle
      }
    },
  },
]

const rollingUpdateOf = (object: KubeObject) => (object as Wire<StatefulSet>).spec?.updateStrategy?.rollingUpdate

function containersOf(object: KubeObject) {
  const spec = podSpecOf(object)
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])]
}

function podSpecOf(object: KubeObject): Wire<PodSpec> | undefined {
  if (object.kind === 'Pod') return (object as Wire<Pod>).spec
  if (object.kind === 'PodTemplate') return (object as Wire<PodTemplate>).template?.spec
  if (object.kind === 'CronJob') return (object as Wire<CronJob>).spec?.jobTemplate?.spec?.template?.spec
  return (object as Wire<StatefulSet>).spec?.template?.spec
}
