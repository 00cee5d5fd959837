import type { TypeNode } from '#shared/kube/patch/type-node.ts'
import { authorizerType } from '../cel/authorizer.ts'
import { dyn, named, type CelType, type TypedVariables } from '../cel/types.ts'

/** The types of the variables of a policy's expressions, for one kind of object. */
export function policyTypes(of: {
  object: TypeNode
  namespace: TypeNode
  /** undefined when the policy has no parameters, `dyn` when their kind is not served. */
  params: TypeNode | undefined
  /** Names of the policy's own variables, whose types are unknown until evaluation. */
  variables: readonly string[]
}): TypedVariables {
  const object = celTypeOf(of.object)
  return {
    object,
    oldObject: object,
    request,
    namespaceObject: celTypeOf(of.namespace),
    authorizer: named(authorizerType),
    variables: record(Object.fromEntries(of.variables.map((name) => [name, dyn]))),
    ...(of.params ? { params: celTypeOf(of.params) } : {}),
  }
}

const types = new WeakMap<TypeNode, CelType>()

function celTypeOf(node: TypeNode): CelType {
  let type = types.get(node)
  if (!type) types.set(node, (type = build(node)))
  return type
}

function build(node: TypeNode): CelType {
  if (node.open) return dyn
  switch (node.kind) {
    case 'struct':
      return { kind: 'object', fields: () => fieldsOf(node) }
    case 'list':
      return { kind: 'list', of: node.items ? celTypeOf(node.items) : dyn }
    case 'map':
      return { kind: 'map', of: node.items ? celTypeOf(node.items) : dyn }
    case 'scalar':
      // Times, quantities and bytes are strings at run time, whatever the schema says.
      return scalars[node.scalar ?? ''] ?? dyn
    default:
      return dyn
  }
}

const scalars: Readonly<Record<string, CelType>> = {
  string: named('string'),
  int32: named('int'),
  int64: named('int'),
  number: named('double'),
  boolean: named('bool'),
}

function fieldsOf(node: TypeNode): Record<string, CelType> {
  const fields: Record<string, CelType> = {}
  for (const name of node.fieldNames) {
    const child = node.field(name)
    if (child) fields[name] = celTypeOf(child)
  }
  return fields
}

const record = (fields: Readonly<Record<string, CelType>>): CelType => ({ kind: 'object', fields: () => fields })
const text = named('string')
const strings: CelType = { kind: 'list', of: text }

/** `request`: AdmissionRequest without the objects, which are separate variables. */
const request = record({
  uid: text,
  kind: record({ group: text, version: text, kind: text }),
  resource: record({ group: text, version: text, resource: text }),
  subResource: text,
  requestKind: record({ group: text, version: text, kind: text }),
  requestResource: record({ group: text, version: text, resource: text }),
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: record({ username: text, uid: text, groups: strings, extra: { kind: 'map', of: strings } }),
  dryRun: named('bool'),
  options: dyn,
})
