import { jsonEqual } from '#shared/kube/json.ts'
import type { Container, Pod, PodSpec, Toleration } from '#shared/kube/generated/types.ts'
import { mirrorAnnotation } from '#shared/kube/pod.ts'
import { fieldForbidden, fieldInvalid, forbiddenChange, type FieldError } from '#shared/kube/status.ts'
import { rangeProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../../../api/wire.ts'
import { addInvalid } from '../../../validation/fields.ts'

/** Validates an update: images, additional tolerations, a shorter deadline; more while the pod has scheduling gates. */
export function podUpdateFindings(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = []
  const spec: Wire<PodSpec> = next.spec ?? { containers: [] }
  const old: Wire<PodSpec> = previous.spec ?? { containers: [] }
  if (spec.containers?.length !== old.containers?.length)
    return [fieldForbidden('spec.containers', 'pod updates may not add or remove containers')]
  if (spec.initContainers?.length !== old.initContainers?.length)
    return [fieldForbidden('spec.initContainers', 'pod updates may not add or remove containers')]
  checkDeadline(spec, old, errors)
  if (errors.length > 0) return errors
  checkTolerations(spec.tolerations ?? [], old.tolerations ?? [], errors)
  checkGates(spec, old, errors)
  const after = withoutMutable(spec, old)
  if (!jsonEqual(after, old)) errors.push(forbiddenChange('spec', immutableText, { before: old, after }))
  return errors
}

const immutableText =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** Returns the new spec with the mutable fields reset to their old values. */
function withoutMutable(spec: Wire<PodSpec>, old: Wire<PodSpec>): Wire<PodSpec> {
  const images = (now: Wire<Container>[] | undefined, before: Wire<Container>[] | undefined) =>
    now?.map((container, i) => ({ ...container, image: before?.[i]?.image }))
  const gated = (old.schedulingGates?.length ?? 0) > 0
  return {
    ...spec,
    containers: images(spec.containers, old.containers),
    initContainers: images(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    ...((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
      ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds }
      : {}),
    // While the pod is gated, scheduling constraints may change.
    ...(gated ? { nodeSelector: old.nodeSelector, affinity: old.affinity } : {}),
  }
}

function checkDeadline(spec: Wire<PodSpec>, old: Wire<PodSpec>, errors: FieldError[]): void {
  const before = old.activeDeadlineSeconds
  const now = spec.activeDeadlineSeconds
  const field = 'spec.activeDeadlineSeconds'
  const problems = now === undefined ? [] : rangeProblems(now, 0, 2 ** 31 - 1)
  if (problems.length > 0) {
    addInvalid(problems, now, field, errors)
    return
  }
  if (before === undefined) return
  if (now === undefined) errors.push(fieldInvalid(field, now, 'must not update from a positive integer to nil value'))
  else if (now > before) errors.push(fieldInvalid(field, now, 'must be less than or equal to previous value'))
}

function checkTolerations(next: Wire<Toleration>[], previous: Wire<Toleration>[], errors: FieldError[]): void {
  const kept = previous.every((old) =>
    next.some((toleration) => jsonEqual({ ...toleration, tolerationSeconds: old.tolerationSeconds }, old)),
  )
  if (!kept)
    errors.push(
      fieldForbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'),
    )
}

function checkGates(spec: Wire<PodSpec>, old: Wire<PodSpec>, errors: FieldError[]): void {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  for (const { name = '' } of spec.schedulingGates ?? [])
    if (!before.has(name))
      errors.push(fieldForbidden('spec.schedulingGates', `only deletion is allowed, but found '${name}'`))
}

/** Validates `pods/ephemeralcontainers`: containers may be added, never changed or removed. */
export function ephemeralContainersFindings(next: Pod, previous: Pod): FieldError[] {
  const now = next.spec?.ephemeralContainers ?? []
  const errors: FieldError[] = []
  for (const old of previous.spec?.ephemeralContainers ?? []) {
    const same = now.find(({ name }) => name === old.name)
    if (!same)
      errors.push(
        fieldForbidden('spec.ephemeralContainers', `existing ephemeral containers "${old.name}" may not be removed\n`),
      )
    else if (!jsonEqual(same, old))
      errors.push(
        fieldForbidden('spec.ephemeralContainers', `existing ephemeral containers "${old.name}" may not be changed\n`),
      )
  }
  return errors
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

/**
 * Validates annotations that are immutable because they identify the pod (ValidatePodSpecificAnnotationUpdates of
 * Kubernetes).
 */
export function podAnnotationFindings(next: Pod, previous: Pod): FieldError[] {
  const now = next.metadata.annotations ?? {}
  const before = previous.metadata.annotations ?? {}
  const what = (key: string): string | undefined =>
    key.startsWith(appArmorPrefix)
      ? 'AppArmor annotations'
      : key === mirrorAnnotation
        ? 'mirror pod annotation'
        : undefined
  const errors: FieldError[] = []
  const refuse = (key: string, why: string): number => errors.push(fieldForbidden(`metadata.annotations[${key}]`, why))
  for (const key of Object.keys(before)) {
    const name = what(key)
    if (name !== undefined && now[key] !== before[key]) refuse(key, `may not remove or update ${name}`)
  }
  for (const key of Object.keys(now)) {
    const name = what(key)
    if (name !== undefined && before[key] === undefined) refuse(key, `may not add ${name}`)
  }
  return errors
}
