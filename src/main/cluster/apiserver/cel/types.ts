import type { Environment } from '@marcbachmann/cel-js'
import { checkIn, type Checked } from './check.ts'
import { celEnvironment } from './environment.ts'
import { isNode } from './nodes.ts'

/** The static type of a value. */
export type CelType =
  | { kind: 'named'; name: string }
  | { kind: 'list'; of: CelType }
  | { kind: 'map'; of: CelType }
  | { kind: 'optional'; of: CelType }
  | ObjectType

/** An object with exactly these fields. Computed on use: types may be recursive. */
export interface ObjectType {
  kind: 'object'
  fields: () => Readonly<Record<string, CelType>>
}

export const named = (name: string): CelType => ({ kind: 'named', name })
export const dyn = named('dyn')

export type TypedVariables = Readonly<Record<string, CelType>>

/**
 * Type-checks an expression against its variables: returns what is wrong with it, or its type.
 *
 * The library is stricter than Go's compiler in places; only problems that both report are returned.
 */
export function checkTypes(expression: string, variables: TypedVariables): { problem?: string; type?: string } {
  const checked = checkIn(environmentOf(variables), expression)
  if (checked.parsed) return { type: checked.type }
  return isCertain(checked) ? { problem: checked.problem } : {}
}

const certain = new Set(['no_such_key', 'cannot_index_type', 'invalid_comprehension_range', 'unknown_variable'])
const certainOfPlainTypes = new Set([
  'no_such_overload',
  'no_matching_overload',
  'invalid_logical_operand',
  'incompatible_ternary_branches',
])

function isCertain({ code = '', node }: Exclude<Checked, { parsed: object }>): boolean {
  if (certain.has(code)) return true
  if (!certainOfPlainTypes.has(code) || !node) return false
  const parts: unknown[] = Array.isArray(node.args) ? node.args.flat() : [node.args]
  return parts.filter(isNode).every(({ checkedType }) => checkedType !== undefined && plain.has(checkedType.name))
}

const plain = new Set(['bool', 'int', 'uint', 'double', 'string', 'bytes'])

const environments = new WeakMap<TypedVariables, Environment>()

function environmentOf(variables: TypedVariables): Environment {
  let environment = environments.get(variables)
  if (!environment) {
    environment = celEnvironment()
    const names = new ObjectNames(environment)
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, names.of(type))
    environments.set(variables, environment)
  }
  return environment
}

const mostObjects = 1_000

/** Registers object types with the library, under internal names. */
class ObjectNames {
  readonly #environment: Environment
  readonly #names = new Map<ObjectType, string>()

  constructor(environment: Environment) {
    this.#environment = environment
  }

  of(type: CelType): string {
    switch (type.kind) {
      case 'named':
        return type.name
      case 'list':
        return `list<${this.of(type.of)}>`
      case 'map':
        return `map<string, ${this.of(type.of)}>`
      case 'optional':
        return `optional<${this.of(type.of)}>`
      case 'object':
        return this.#object(type)
    }
  }

  #object(type: ObjectType): string {
    const known = this.#names.get(type)
    if (known !== undefined) return known
    if (this.#names.size >= mostObjects) return 'dyn'
    const name = `kubernetes.object${this.#names.size + 1}`
    this.#names.set(type, name)
    const fields = Object.fromEntries(Object.entries(type.fields()).map(([field, of]) => [field, this.of(of)]))
    // Never instantiated: expressions are evaluated without types.
    const ctor = class {
      readonly made = false
    }
    this.#environment
      .registerType(name, { ctor, fields })
      .registerOperator(`${name} == ${name}`, () => false)
      .registerOperator(`${name} == null`, () => false)
    return name
  }
}
