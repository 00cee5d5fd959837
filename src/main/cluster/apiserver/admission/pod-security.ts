import type { PodTemplateSpec } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'
import { violationsOf, type Level } from '../validation/pod-security.ts'

const prefix = 'pod-security.kubernetes.io/'
const levels: readonly string[] = ['privileged', 'baseline', 'restricted']

/** PodSecurity: what pods of a namespace may be, by its labels (`pod-security.kubernetes.io/enforce` and the like). */
export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  validate(attributes) {
    const { operation, subresource, object, kind, namespace } = attributes
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    if (subresource !== '' && subresource !== 'ephemeralcontainers') return
    if (!object || namespace === '' || !kind.namespaced) return
    const found = podOf(kind, object)
    if (!found) return
    const labels = attributes.reader.get({ group: '', plural: 'namespaces' }, '', namespace)?.metadata.labels ?? {}
    const levelOf = (mode: string): Level | undefined => {
      const level = labels[`${prefix}${mode}`]
      return level !== undefined && levels.includes(level) && level !== 'privileged' ? (level as Level) : undefined
    }
    // A workload is only warned of: what counts is the pod that it will make.
    const enforced = found.isPod ? levelOf('enforce') : undefined
    if (enforced && !isMetadataOnly(attributes)) {
      const violations = violationsOf(found.pod, enforced)
      if (violations.length > 0)
        throw refusal(
          attributes,
          `violates PodSecurity ${JSON.stringify(versioned(enforced, labels, 'enforce'))}: ${violations.join(', ')}`,
        )
    }
    const warned = levelOf('warn')
    if (!warned) return
    const violations = violationsOf(found.pod, warned)
    if (violations.length > 0)
      attributes.warn(
        `would violate PodSecurity ${JSON.stringify(versioned(warned, labels, 'warn'))}: ${violations.join(', ')}`,
      )
  },
}

const versioned = (level: Level, labels: Record<string, string>, mode: string): string =>
  `${level}:${labels[`${prefix}${mode}-version`] ?? 'latest'}`

/** Containers of a pod that is there already do not change, save for their images. */
function isMetadataOnly({ operation, subresource, object, oldObject }: AdmissionAttributes): boolean {
  if (operation !== 'UPDATE' || subresource !== '') return false
  const images = (pod: (KubeObject & PodTemplateSpec) | undefined): string =>
    JSON.stringify((pod?.spec?.containers ?? []).map(({ image }) => image))
  return images(object) === images(oldObject)
}

const templated = new Set([
  'deployments',
  'replicasets',
  'daemonsets',
  'statefulsets',
  'jobs',
  'replicationcontrollers',
])

function podOf(
  { group, plural }: AdmissionAttributes['kind'],
  object: KubeObject,
): { pod: PodTemplateSpec; isPod: boolean } | undefined {
  if (group === '' && plural === 'pods') return { pod: object, isPod: true }
  const { spec, template } = object as KubeObject & {
    spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } }
    template?: PodTemplateSpec
  }
  const found =
    group === '' && plural === 'podtemplates'
      ? template
      : group === 'batch' && plural === 'cronjobs'
        ? spec?.jobTemplate?.spec?.template
        : templated.has(plural)
          ? spec?.template
          : undefined
  return found && { pod: found, isPod: false }
}
