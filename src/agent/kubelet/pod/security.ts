import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Container, Pod, SeccompProfile } from '#shared/kube/generated/types.ts'
import { runtimeHandlers } from '../runtime/runtime.ts'

/**
 * Security settings that this node has to enforce, or else refuse: a container never runs with less confinement than
 * its spec asks for. What Docker enforces by itself (users, capabilities, read-only root, privileges) is in
 * `container-plan.ts`.
 */

/** A security setting cannot be enforced on this node: the container waits in CreateContainerError. */
export class CannotEnforce extends Error {}

/** @throws CannotEnforce when the container asks for a setting that nothing on this node enforces */
export function requireEnforceable(pod: Pod, container: Container): void {
  const { procMount } = container.securityContext ?? {}
  const groups = pod.spec?.securityContext?.supplementalGroupsPolicy
  // Workers load no AppArmor policies: neither the tools nor the engine's own profile are there.
  if (wantsAppArmor(pod, container))
    throw new CannotEnforce('Cannot enforce AppArmor: AppArmor is not enabled on the host')
  const unmasks = procMount === 'Unmasked' && pod.spec?.hostUsers === false
  if (procMount !== undefined && procMount !== 'Default' && !unmasks)
    throw new CannotEnforce(`procMount "${procMount}" is not supported in this node`)
  if (groups !== undefined && groups !== 'Merge' && groups !== 'Strict')
    throw new CannotEnforce(`SupplementalGroupsPolicy=${groups} is not supported in this node`)
}

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/'

/** The container's own field comes first, then the older annotation, then the pod's field (GetProfile of Kubernetes). */
function wantsAppArmor({ metadata, spec }: Pod, { name, securityContext }: Container): boolean {
  const annotation = metadata.annotations?.[appArmorAnnotation + name]
  const profile = securityContext?.appArmorProfile?.type ?? annotation ?? spec?.securityContext?.appArmorProfile?.type
  return profile !== undefined && profile !== '' && profile.toLowerCase() !== 'unconfined'
}

/** What the engine is told about seccomp: `builtin` for its own profile, or the text of one. */
export type SeccompSetting = string

/**
 * The seccomp profile of a container. @param root `/var/lib/kubelet`; profiles of type Localhost lie in `seccomp/` there
 * @returns undefined for none, which is Kubernetes' default @throws CannotEnforce when there is no such profile
 */
export async function seccompOf(root: string, pod: Pod, container: Container): Promise<SeccompSetting | undefined> {
  // As in Kubernetes, a privileged container is not confined by seccomp.
  if (container.securityContext?.privileged) return undefined
  const profile = container.securityContext?.seccompProfile ?? pod.spec?.securityContext?.seccompProfile
  switch (profile?.type) {
    case undefined:
    case 'Unconfined':
      return undefined
    case 'RuntimeDefault':
      return 'builtin'
    case 'Localhost':
      return localProfile(join(root, 'seccomp'), profile)
    default:
      throw new CannotEnforce(`seccomp profile type "${profile?.type ?? ''}" is not supported in this node`)
  }
}

async function localProfile(folder: string, { localhostProfile: name = '' }: SeccompProfile): Promise<string> {
  if (name === '') throw new CannotEnforce('localhostProfile must be set if seccompProfile type is Localhost.')
  const path = join(folder, name)
  const refuse = (why: string): CannotEnforce => new CannotEnforce(`cannot load seccomp profile "${path}": ${why}`)
  if (isAbsolute(name) || name.split('/').includes('..')) throw refuse('it is not beneath the folder of profiles')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException
    throw refuse(code === 'ENOENT' ? `open ${path}: no such file or directory` : message)
  })
  const profile = parsed(text)
  // Without a default action the runtime takes a profile as none at all.
  if (typeof profile?.defaultAction !== 'string' || profile.defaultAction === '')
    throw refuse('it is not a JSON object with a defaultAction')
  return JSON.stringify(profile)
}

function parsed(text: string): { defaultAction?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * What this node gives to no pod. @param node handler: of the pod's RuntimeClass; undefined without one
 * @throws CannotEnforce, in the words of FailedCreatePodSandBox events
 */
export function requireSandbox(
  { spec }: Pod,
  { handler, hasUserNamespaces }: { handler: string | undefined; hasUserNamespaces: boolean },
): void {
  if (handler !== undefined && !runtimeHandlers.includes(handler))
    throw new CannotEnforce(`failed to get sandbox runtime: no runtime for "${handler}" is configured`)
  if (spec?.hostUsers === false && !hasUserNamespaces)
    throw new CannotEnforce(`RuntimeClass handler "${handler ?? ''}" does not support user namespaces`)
}
