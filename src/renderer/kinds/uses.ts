import type { PodSpec } from '#shared/kube/generated/types.ts'

/** What a pod's spec names. */
export interface UsedObject {
  kind: string
  name: string
  /** `optional`: pods start without it; `pull`: images are pulled without it. Unset where pods wait for it. */
  need?: 'optional' | 'pull'
}

/** The spec of the pods that an object makes, or is. */
export function podSpecOf(object: { kind?: string | undefined; spec?: unknown }): PodSpec | undefined {
  const spec = object.spec as (PodSpec & Templated & { jobTemplate?: { spec?: Templated } }) | undefined
  return object.kind === 'Pod' ? spec : (spec?.jobTemplate?.spec ?? spec)?.template?.spec
}
interface Templated {
  template?: { spec?: PodSpec }
}

/** ConfigMaps, Secrets, claims and the service account that a pod's spec names, each once. */
export function usesOf(spec: PodSpec): UsedObject[] {
  const found: UsedObject[] = []
  const say = (kind: string, name?: string, optional?: boolean): void =>
    void (name && found.push({ kind, name, ...(optional ? { need: 'optional' as const } : {}) }))
  for (const { configMap, secret, persistentVolumeClaim, projected } of spec.volumes ?? []) {
    say('ConfigMap', configMap?.name, configMap?.optional)
    say('Secret', secret?.secretName, secret?.optional)
    say('PersistentVolumeClaim', persistentVolumeClaim?.claimName)
    for (const source of projected?.sources ?? []) {
      say('ConfigMap', source.configMap?.name, source.configMap?.optional)
      say('Secret', source.secret?.name, source.secret?.optional)
    }
  }
  for (const { env = [], envFrom = [] } of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    for (const { configMapRef, secretRef } of envFrom) {
      say('ConfigMap', configMapRef?.name, configMapRef?.optional)
      say('Secret', secretRef?.name, secretRef?.optional)
    }
    for (const { valueFrom } of env) {
      say('ConfigMap', valueFrom?.configMapKeyRef?.name, valueFrom?.configMapKeyRef?.optional)
      say('Secret', valueFrom?.secretKeyRef?.name, valueFrom?.secretKeyRef?.optional)
    }
  }
  for (const { name } of spec.imagePullSecrets ?? []) if (name) found.push({ kind: 'Secret', name, need: 'pull' })
  say('ServiceAccount', spec.serviceAccountName)
  return eachOnce(found)
}

/** What is named more than once is needed as much as where it is needed most. */
export function eachOnce(used: readonly UsedObject[]): UsedObject[] {
  const first = new Map<string, UsedObject>()
  for (const each of used) {
    const key = `${each.kind}/${each.name}`
    const known = first.get(key)
    if (!known || needs.indexOf(each.need) < needs.indexOf(known.need)) first.set(key, each)
  }
  return [...first.values()]
}
const needs: readonly UsedObject['need'][] = [undefined, 'pull', 'optional']
