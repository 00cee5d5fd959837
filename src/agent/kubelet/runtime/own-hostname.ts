import { readFileSync } from 'node:fs'

/**
 * The engine gives every container the hostname of its sandbox. The runtime's wrapper in the worker's image
 * (`resources/worker/runtime.pl`) gives it that of this annotation instead.
 */
export const hostnameAnnotation = 'dev.slipway.hostname'

/** Whether the worker's image has that wrapper: workers outlive the version that made them. */
export function givesOwnHostnames(wrapper = '/usr/local/bin/slipway-crun'): boolean {
  try {
    return readFileSync(wrapper, 'utf8').includes(hostnameAnnotation.replaceAll('.', '\\.'))
  } catch {
    return false
  }
}
