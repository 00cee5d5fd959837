import type { Container, Pod, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { fieldInvalid, invalid, type FieldError } from '#shared/kube/status.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../../api/admission.ts'
import { latest, violationsOf, type Level, type PolicyVersion } from './checks.ts'

const prefix = 'pod-security.kubernetes.io/'

/**
 * PodSecurity: enforces the level that a namespace's labels set (`pod-security.kubernetes.io/enforce` and the like).
 */
export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  validate(attributes) {
    const { operation, subresource, object, kind, namespace } = attributes
    if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object) return
    if (kind.group === '' && kind.plural === 'namespaces') {
      if (subresource === '') refuseInvalidLabels(attributes)
      return
    }
    if (namespace === '' || !kind.namespaced) return
    const found = podOf(kind, object)
    if (!found) return
    if (found.isPod ? ignoredSubresources.has(subresource) || isInsignificant(attributes) : subresource !== '') return
    const labels = attributes.reader.get(namespaces, '', namespace)?.metadata.labels ?? {}
    // Workloads only get warnings: the level is enforced on their pods.
    if (found.isPod) {
      const { text, violations } = evaluate(found.pod, policyOf(labels, 'enforce'))
      if (violations.length > 0) throw refusal(attributes, `violates PodSecurity ${text}: ${violations.join(', ')}`)
    }
    const { text, violations } = evaluate(found.pod, policyOf(labels, 'warn'))
    if (violations.length > 0) attributes.warn(`would violate PodSecurity ${text}: ${violations.join(', ')}`)
  },
}

/** Pod subresources that do not write the spec. */
const ignoredSubresources = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])

interface Policy {
  level: Level | 'privileged'
  version: PolicyVersion
  /** `latest` or `v1.36`. */
  versionText: string
}

type Mode = 'enforce' | 'audit' | 'warn'

const levels = ['privileged', 'baseline', 'restricted'] as const

/** A label that cannot be parsed counts as restricted for enforce and privileged for the other modes. */
function policyOf(labels: Readonly<Record<string, string>>, mode: Mode): Policy {
  const wanted = labels[`${prefix}${mode}`] ?? 'privileged'
  const level = levels.find((one) => one === wanted) ?? (mode === 'enforce' ? 'restricted' : 'privileged')
  const text = labels[`${prefix}${mode}-version`] ?? 'latest'
  const version = versionOf(text)
  return { level, version: version ?? latest, versionText: version === undefined ? 'latest' : text }
}

/** undefined when the text is not a version. */
function versionOf(text: string): PolicyVersion | undefined {
  if (text === 'latest') return latest
  const [, minor] = /^v1\.(0|[1-9][0-9]*)$/.exec(text) ?? []
  return minor === undefined ? undefined : Number(minor)
}

function evaluate(
  pod: PodTemplateSpec,
  { level, version, versionText }: Policy,
): { text: string; violations: string[] } {
  const text = JSON.stringify(`${level}:${versionText}`)
  return { text, violations: level === 'privileged' ? [] : violationsOf(pod, level, version) }
}

/** @throws ApiError 422 for an invalid label that is new or changed */
function refuseInvalidLabels({ object, oldObject, name }: AdmissionAttributes): void {
  const findings = labelErrors(object?.metadata.labels)
  if (findings.length > 0 && !jsonEqual(findings, labelErrors(oldObject?.metadata.labels)))
    throw invalid('Namespace', '', name, findings)
}

function labelErrors(labels: Readonly<Record<string, string>> = {}): FieldError[] {
  const errors: FieldError[] = []
  for (const mode of ['enforce', 'audit', 'warn']) {
    const level = labels[`${prefix}${mode}`]
    if (level !== undefined && !levels.some((one) => one === level))
      errors.push(fieldInvalid(`metadata.labels[${prefix}${mode}]`, level, `must be one of ${[...levels].join(', ')}`))
    const version = labels[`${prefix}${mode}-version`]
    if (version !== undefined && versionOf(version) === undefined)
      errors.push(fieldInvalid(`metadata.labels[${prefix}${mode}-version]`, version, 'must be "latest" or "v1.x"'))
  }
  return errors
}

/**
 * Whether an update changes nothing that the checks evaluate and a pod allows to change: images, seccomp annotations
 * and ephemeral containers (isSignificantPodUpdate of Kubernetes).
 */
function isInsignificant({ operation, object, oldObject }: AdmissionAttributes): boolean {
  return operation === 'UPDATE' && jsonEqual(significant(object), significant(oldObject))
}

function significant(pod: Pod | undefined): unknown {
  const images = (containers: readonly Pick<Container, 'name' | 'image'>[] = []): unknown =>
    containers.map(({ name, image }) => [name, image])
  const { annotations = {} } = pod?.metadata ?? {}
  return [
    images(pod?.spec?.containers),
    images(pod?.spec?.initContainers),
    images(pod?.spec?.ephemeralContainers),
    Object.entries(annotations)
      .filter(([key]) =>
        /^(container\.)?(seccomp\.security\.alpha|apparmor\.security\.beta)\.kubernetes\.io\//.test(key),
      )
      .sort(),
  ]
}

const templated = new Set([
  'apps/deployments',
  'apps/replicasets',
  'apps/daemonsets',
  'apps/statefulsets',
  'batch/jobs',
  '/replicationcontrollers',
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
        : templated.has(`${group}/${plural}`)
          ? spec?.template
          : undefined
  return found && { pod: found, isPod: false }
}
