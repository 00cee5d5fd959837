import { readFileSync } from 'node:fs'

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

/** That of today's image, and the one before it. */
const wrappers = ['/usr/local/bin/containerd-shim-runc-v2', '/usr/local/bin/slipway-crun']

/** Whether the worker's image has such a wrapper: workers outlive the version that made them. */
export const givesOwnHostnames = (files: readonly string[] = wrappers): boolean =>
  files.some((file) => textOf(file).includes(hostnameAnnotation.replaceAll('.', '\\.')))

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
