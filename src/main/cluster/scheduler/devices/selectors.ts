import { messageOf } from '#shared/base/message-of.ts'
import type { Device, DeviceSelector, ResourceSlice } from '#shared/kube/generated/types.ts'

/** What a compiled selector sees of a device. */
export type DeviceFacts = { driver: string } & Pick<Device, 'allowMultipleAllocations' | 'attributes' | 'capacity'>

/** Compiles a CEL selector. @throws Error with a message for users */
export type CompileSelector = (expression: string) => (device: DeviceFacts) => boolean

type Matcher = (device: DeviceFacts) => boolean

/** Selectors are few and used by many claims; more than that are compiled again. */
const mostCompiled = 1_000

/** Evaluates selectors, once for each device and expression: devices of a slice never change. */
export class Selectors {
  readonly #compile: CompileSelector
  readonly #compiled = new Map<string, Matcher>()
  readonly #results = new WeakMap<Device, Map<string, boolean>>()

  constructor(compile: CompileSelector) {
    this.#compile = compile
  }

  /**
   * Whether the device matches all selectors.
   * @param owner for messages: `class gpu` or `claim ns/name`
   * @throws Error where an expression does not compile or fails on the device
   */
  match(selectors: readonly DeviceSelector[], device: Device, { spec }: ResourceSlice, owner: string): boolean {
    return selectors.every(({ cel }, i) => {
      const expression = cel?.expression ?? ''
      const results = this.#resultsOf(device)
      const known = results.get(expression)
      if (known !== undefined) return known
      const matcher = this.#matcher(expression, `${owner}: selector #${i}`)
      try {
        const matches = matcher({ ...device, driver: spec.driver })
        results.set(expression, matches)
        return matches
      } catch (error) {
        const id = `${spec.driver}/${spec.pool.name}/${device.name}`
        throw new Error(`${owner}: selector #${i} on device ${id}: CEL runtime error: ${messageOf(error)}`)
      }
    })
  }

  #matcher(expression: string, where: string): Matcher {
    let matcher = this.#compiled.get(expression)
    if (matcher) return matcher
    try {
      matcher = this.#compile(expression)
    } catch (error) {
      throw new Error(`${where}: CEL compile error: ${messageOf(error)}`)
    }
    if (this.#compiled.size >= mostCompiled) this.#compiled.clear()
    this.#compiled.set(expression, matcher)
    return matcher
  }

  #resultsOf(device: Device): Map<string, boolean> {
    let results = this.#results.get(device)
    if (!results) this.#results.set(device, (results = new Map<string, boolean>()))
    return results
  }
}
