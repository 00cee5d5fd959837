import type { Container, PodSpec } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import type { Wire } from '../api/wire.ts'

/** Rules about a container that depend on the rest of its pod: its operating system, user namespace and grace period. */
export function checkPodPlatform(spec: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  const lists = [
    ['initContainers', spec.initContainers],
    ['containers', spec.containers],
    ['ephemeralContainers', spec.ephemeralContainers],
  ] as const
  if (spec.os?.name === 'windows') checkWindowsPod(spec, field, errors)
  for (const [name, containers] of lists)
    containers?.forEach((container, i) => {
      const at = `${field}.${name}[${i}]`
      if (container.securityContext?.procMount === 'Unmasked' && spec.hostUsers !== false)
        errors.push(
          fieldInvalid(`${at}.securityContext.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`'),
        )
      checkSleeps(container, spec.terminationGracePeriodSeconds, at, errors)
      if (spec.os?.name === 'windows')
        forbid(container.securityContext, windowsContainerFields, `${at}.securityContext`, errors)
    })
}

/** Who sleeps before its end must have woken when the grace period is over. */
function checkSleeps(
  { lifecycle }: Wire<Container>,
  grace: number | undefined,
  field: string,
  errors: FieldError[],
): void {
  for (const hook of ['postStart', 'preStop'] as const) {
    const seconds = lifecycle?.[hook]?.sleep?.seconds
    if (seconds === undefined || grace === undefined || (seconds >= 0 && seconds <= grace)) continue
    const wanted = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`
    errors.push(fieldInvalid(`${field}.lifecycle.${hook}.sleep`, seconds, wanted))
  }
}

const windowsSpecFields = ['hostPID', 'hostIPC', 'shareProcessNamespace'] as const
const windowsPodFields = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
] as const
const windowsContainerFields = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const

/** What only Linux has. */
function checkWindowsPod(spec: Wire<PodSpec>, field: string, errors: FieldError[]): void {
  if (spec.hostUsers !== undefined) errors.push(fieldForbidden(`${field}.hostUsers`, onWindows))
  for (const name of windowsSpecFields) if (spec[name]) errors.push(fieldForbidden(`${field}.${name}`, onWindows))
  forbid(spec.securityContext, windowsPodFields, `${field}.securityContext`, errors)
}

const onWindows = 'cannot be set for a windows pod'

function forbid<T extends object, K extends keyof T & string>(
  context: T | undefined,
  names: readonly K[],
  field: string,
  errors: FieldError[],
): void {
  for (const name of names)
    if (context?.[name] !== undefined) errors.push(fieldForbidden(`${field}.${name}`, onWindows))
}
