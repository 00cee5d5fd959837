import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
} from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { rangeProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkSupported } from './fields.ts'
import { checkWindowsOptions } from './windows-options.ts'
import type { Wire } from '../api/wire.ts'

const maxId = 2 ** 31 - 1

/** Validates the security context of a container. */
export function checkSecurityContext(
  context: Wire<SecurityContext> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!context) return
  checkId(context.runAsUser, `${field}.runAsUser`, errors)
  checkId(context.runAsGroup, `${field}.runAsGroup`, errors)
  checkSeccomp(context.seccompProfile, `${field}.seccompProfile`, errors)
  checkAppArmor(context.appArmorProfile, `${field}.appArmorProfile`, errors)
  checkSupported(context.procMount, ['Default', 'Unmasked'], `${field}.procMount`, errors)
  checkWindowsOptions(context.windowsOptions, `${field}.windowsOptions`, errors)
  if (context.allowPrivilegeEscalation !== false) return
  if (context.privileged)
    errors.push(fieldInvalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
  if (context.capabilities?.add?.some((name) => name === 'CAP_SYS_ADMIN'))
    errors.push(
      fieldInvalid(
        field,
        context,
        'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
      ),
    )
}

/** Validates the security context of a pod. */
export function checkPodSecurityContext(
  context: Wire<PodSecurityContext> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!context) return
  checkId(context.fsGroup, `${field}.fsGroup`, errors)
  checkId(context.runAsUser, `${field}.runAsUser`, errors)
  checkId(context.runAsGroup, `${field}.runAsGroup`, errors)
  context.supplementalGroups?.forEach((group, i) => {
    checkId(group, `${field}.supplementalGroups[${i}]`, errors)
  })
  checkSupported(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${field}.fsGroupChangePolicy`, errors)
  checkSeccomp(context.seccompProfile, `${field}.seccompProfile`, errors)
  checkAppArmor(context.appArmorProfile, `${field}.appArmorProfile`, errors)
  checkWindowsOptions(context.windowsOptions, `${field}.windowsOptions`, errors)
  // The other policy needs a feature that is off.
  checkSupported(context.seLinuxChangePolicy, ['Recursive'], `${field}.seLinuxChangePolicy`, errors)
  checkSupported(context.supplementalGroupsPolicy, ['Merge', 'Strict'], `${field}.supplementalGroupsPolicy`, errors)
  const seen = new Set<string>()
  context.sysctls?.forEach(({ name = '' }, i) => {
    const at = `${field}.sysctls[${i}].name`
    if (name === '') errors.push(fieldRequired(at))
    else if (name.length > 253 || !sysctlPattern.test(name))
      errors.push(fieldInvalid(at, name, `must have at most 253 characters and match regex ${sysctlText}`))
    else if (seen.has(name))
      errors.push({ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: "${name}"` })
    seen.add(name)
  })
}

/** As Kubernetes writes it, with a needless backslash. */
const sysctlText = String.raw`^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`
const sysctlPattern = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/

function checkId(id: number | undefined, field: string, errors: FieldError[]): void {
  if (id !== undefined) addInvalid(rangeProblems(id, 0, maxId), id, field, errors)
}

function checkSeccomp(profile: Wire<SeccompProfile> | undefined, field: string, errors: FieldError[]): void {
  if (!profile) return
  if (!profile.type) errors.push(fieldRequired(`${field}.type`, 'type is required when seccompProfile is set'))
  else checkSupported(profile.type, ['Localhost', 'RuntimeDefault', 'Unconfined'], `${field}.type`, errors)
  const { type, localhostProfile } = profile
  if (type === 'Localhost' && !localhostProfile)
    errors.push(fieldRequired(`${field}.localhostProfile`, 'must be set when seccomp type is Localhost'))
  if (type !== 'Localhost' && localhostProfile)
    errors.push(
      fieldInvalid(`${field}.localhostProfile`, localhostProfile, 'can only be set when seccomp type is Localhost'),
    )
}

function checkAppArmor(profile: Wire<AppArmorProfile> | undefined, field: string, errors: FieldError[]): void {
  if (!profile) return
  const { type, localhostProfile } = profile
  const at = `${field}.localhostProfile`
  if (!type) errors.push(fieldRequired(`${field}.type`, 'type is required when appArmorProfile is set'))
  else checkSupported(type, ['Localhost', 'RuntimeDefault', 'Unconfined'], `${field}.type`, errors)
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined)
      errors.push(fieldInvalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'))
  } else if (!localhostProfile?.trim()) errors.push(fieldRequired(at, 'must be set when AppArmor type is Localhost'))
  else if (localhostProfile.trim() !== localhostProfile)
    errors.push(fieldInvalid(at, localhostProfile, 'must not be padded with whitespace'))
}
