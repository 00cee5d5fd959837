import type { Device, DeviceAttribute, DeviceConstraint } from '#shared/kube/generated/types.ts'
import type { Candidate } from './pools.ts'

/**
 * A condition on all devices of a claim, or of some of its requests. It is monotonic: what one more device violates, no
 * further device mends.
 */
export interface Constraint {
  /** Adds a device of a request. @returns whether it was added; a device that violates the constraint is not */
  add(request: RequestName, candidate: Candidate): boolean
  /** Reverts an addition. */
  remove(request: RequestName, candidate: Candidate): void
}

export interface RequestName {
  /** Of the request, or of the one that has alternatives. */
  base: string
  /** `base`, or `base/alternative`. */
  full: string
}

/** @throws Error where the constraint is of no known kind */
export function createConstraint(
  { requests = [], matchAttribute, distinctAttribute }: DeviceConstraint,
  describe: () => string,
): Constraint {
  const names = new Set(requests)
  const applies = ({ base, full }: RequestName): boolean => names.size === 0 || names.has(base) || names.has(full)
  const limit = <T extends Constraint>(constraint: T): Constraint => ({
    add: (request, candidate) => !applies(request) || constraint.add(request, candidate),
    remove(request, candidate) {
      if (applies(request)) constraint.remove(request, candidate)
    },
  })
  if (matchAttribute !== undefined) return limit(allEqual(matchAttribute))
  if (distinctAttribute !== undefined) return limit(allDistinct(distinctAttribute))
  throw new Error(`${describe()}: empty constraint (unsupported constraint type?)`)
}

/** All devices have the attribute, with one value. */
function allEqual(name: string): Constraint {
  let value: string | undefined
  let count = 0
  return {
    add(_, candidate) {
      const own = valueOf(name, candidate)
      if (own === undefined || (count > 0 && own !== value)) return false
      value = own
      count++
      return true
    },
    remove() {
      count--
    },
  }
}

/** All devices have the attribute, no two the same value. */
function allDistinct(name: string): Constraint {
  const values = new Set<string>()
  return {
    add(_, candidate) {
      const own = valueOf(name, candidate)
      if (own === undefined || values.has(own)) return false
      values.add(own)
      return true
    },
    remove(_, candidate) {
      values.delete(valueOf(name, candidate) ?? '')
    },
  }
}

/** The value with its type: the text "1" and the number 1 are different. */
function valueOf(name: string, { device, slice }: Candidate): string | undefined {
  const attribute = attributeOf(name, device, slice.spec.driver)
  if (!attribute) return undefined
  const { bool, int, string, version } = attribute
  if (string !== undefined) return `string ${string}`
  if (int !== undefined) return `int ${int}`
  if (bool !== undefined) return `bool ${bool}`
  return version === undefined ? undefined : `version ${version}`
}

/** A name without a domain is one of the driver's. */
function attributeOf(name: string, { attributes = {} }: Device, driver: string): DeviceAttribute | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name]
  const slash = name.indexOf('/')
  const own = name.slice(slash + 1)
  return name.slice(0, slash) === driver && Object.hasOwn(attributes, own) ? attributes[own] : undefined
}
