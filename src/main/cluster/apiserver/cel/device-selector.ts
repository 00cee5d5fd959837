import { compile, CompilationError, type Program } from './compile.ts'
import { celQuantity } from './quantities.ts'
import { celSemver } from './semver.ts'
import { checkTypes, dyn, named, type TypedVariables } from './types.ts'

/** What an expression sees of a device, in the form of a ResourceSlice. */
export interface DeviceFacts {
  readonly driver: string
  readonly allowMultipleAllocations?: boolean | undefined
  readonly attributes?: Readonly<Record<string, DeviceAttributeFacts>> | undefined
  readonly capacity?: Readonly<Record<string, { readonly value: string }>> | undefined
}

export interface DeviceAttributeFacts {
  readonly bool?: boolean
  readonly int?: number | bigint
  readonly string?: string
  readonly version?: string
}

/**
 * Compiles a CEL selector of devices (resource.k8s.io): over `device.driver`, `device.allowMultipleAllocations`,
 * `device.attributes["domain"].name` and `device.capacity["domain"].name`.
 * @returns whether a device matches; it throws an Error where the expression fails on it
 * @throws CompilationError
 */
export function compileDeviceSelector(expression: string): (device: DeviceFacts) => boolean {
  const { program } = compiled(expression)
  return (facts) => {
    let value: unknown
    try {
      value = program.evaluate({ device: deviceValue(facts) })
    } catch (error) {
      throw hinted(error)
    }
    if (typeof value !== 'boolean')
      throw new Error(`CEL result of type ${typeName(value)} could not be converted to bool`)
    return value
  }
}

function compiled(expression: string): { program: Program } {
  const { problem, type } = checkTypes(expression, variables)
  if (problem !== undefined) throw new CompilationError(`compilation failed: ${problem}`)
  const program = compile(expression, { device: 'dyn' })
  const result = type ?? program.type
  if (result !== 'bool' && result !== 'dyn')
    throw new CompilationError(`must evaluate to bool or the unknown type, not ${result}`)
  return { program }
}

const mapOf = (of: TypedVariables[string]): TypedVariables[string] => ({ kind: 'map', of })

const variables: TypedVariables = {
  device: {
    kind: 'object',
    fields: () => ({
      driver: named('string'),
      allowMultipleAllocations: named('bool'),
      attributes: mapOf(mapOf(dyn)),
      capacity: mapOf(mapOf(named('kubernetes.Quantity'))),
    }),
  },
}

const deviceValue = ({ driver, allowMultipleAllocations, attributes, capacity }: DeviceFacts): unknown => ({
  driver,
  allowMultipleAllocations: allowMultipleAllocations ?? false,
  attributes: byDomain(driver, attributes, attributeValue),
  capacity: byDomain(driver, capacity, ({ value }) => celQuantity(value)),
})

/** Names without a domain belong to the driver's. A domain that the device lacks is read as an empty map. */
function byDomain<T>(
  driver: string,
  values: Readonly<Record<string, T>> | undefined,
  valueOf: (value: T) => unknown,
): Map<string, Record<string, unknown>> {
  const domains = new Map<string, Record<string, unknown>>()
  for (const [name, value] of Object.entries(values ?? {})) {
    const slash = name.indexOf('/')
    const domain = slash < 0 ? driver : name.slice(0, slash)
    const names = domains.get(domain) ?? emptyMap()
    names[name.slice(slash + 1)] = valueOf(value)
    domains.set(domain, names)
  }
  const find = domains.get.bind(domains)
  domains.get = (domain) => find(domain) ?? nothing
  return domains
}

/** Without a prototype: attributes may have any name. */
const emptyMap = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>

const nothing = Object.freeze(emptyMap())

function attributeValue({ bool, int, string, version }: DeviceAttributeFacts): unknown {
  if (int !== undefined) return BigInt(int)
  return bool ?? string ?? (version === undefined ? undefined : celSemver(version))
}

/** The hint that Kubernetes adds for attributes that a device lacks. */
function hinted(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith('no such key:')) return error
  return new Error(
    `${error.message}. Consider using CEL optional chaining (?), has() macro, or orValue() for optional fields`,
  )
}

const typeName = (value: unknown): string => (typeof value === 'bigint' ? 'int' : typeof value)
