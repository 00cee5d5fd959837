import { readFileSync } from 'node:fs'
import { isLinuxSince } from '../kernel.ts'

/**
 * The engine gives every container the hostname of its sandbox. The wrapper in the worker's image
 * (`resources/worker/shim.pl`) gives it that of this annotation instead.
 */
export const hostnameAnnotation = 'dev.slipway.hostname'

/**
 * The engine looks into the network namespace of each new sandbox by a process of its own program, which takes half of the
 * processor time of its start. Of one with this annotation the wrapper does not let it: the agent makes its interfaces.
 */
export const ownNetworkAnnotation = 'dev.slipway.own-network'

/**
 * The engine has a user namespace for all containers or for none. Those with this annotation have the one of their pod: the
 * value is the first of the `namespaceUsers` users of the node that theirs become.
 */
export const userNamespaceAnnotation = 'dev.slipway.user-namespace'
export const namespaceUsers = 65_536

/** That of today's image, and the one before it. */
const wrappers: readonly string[] = ['/usr/local/bin/containerd-shim-runc-v2', '/usr/local/bin/slipway-crun']

/** Whether the worker's image has such a wrapper: workers outlive the version that made them. */
export const givesOwnHostnames = (files = wrappers): boolean => knows(hostnameAnnotation, files)

/**
 * Whether pods have user namespaces here. Mounts of memory can be mapped since Linux 6.3, which Kubernetes asks for too.
 * @param release as `uname -r` writes it
 */
export function givesUserNamespaces({
  release,
  files = wrappers,
}: {
  release: string
  files?: readonly string[]
}): boolean {
  return isLinuxSince(release, [6, 3]) && knows(userNamespaceAnnotation, files)
}

const knows = (annotation: string, files: readonly string[]): boolean =>
  files.some((file) => textOf(file).includes(annotation.replaceAll('.', '\\.')))

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
