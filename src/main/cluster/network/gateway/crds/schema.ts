import type { JSONSchemaProps } from '#shared/kube/generated/types.ts'

/** Parts from which the schemas of gateway.networking.k8s.io are put together. */

/** `x-kubernetes-validations` of a schema: CEL and what is said when it is false. */
export const rules = (
  ...all: [rule: string, message: string][]
): Pick<JSONSchemaProps, 'x-kubernetes-validations'> => ({
  'x-kubernetes-validations': all.map(([rule, message]) => ({ rule, message })),
})

export const object = (
  properties: Record<string, JSONSchemaProps>,
  { required, ...more }: Partial<JSONSchemaProps> & { required?: string[] } = {},
): JSONSchemaProps => ({ type: 'object', properties, ...(required ? { required } : {}), ...more })

export const text = (maxLength: number, more: Partial<JSONSchemaProps> = {}): JSONSchemaProps => ({
  type: 'string',
  minLength: 1,
  maxLength,
  ...more,
})
export const oneOf = (values: readonly string[], more: Partial<JSONSchemaProps> = {}): JSONSchemaProps => ({
  type: 'string',
  enum: [...values],
  ...more,
})
export const integer = (
  minimum: number,
  maximum?: number,
  { format = 'int32', ...more }: Partial<JSONSchemaProps> = {},
): JSONSchemaProps => ({ type: 'integer', format, minimum, ...(maximum === undefined ? {} : { maximum }), ...more })

export const atomicList = (
  items: JSONSchemaProps,
  maxItems: number,
  more: Partial<JSONSchemaProps> = {},
): JSONSchemaProps => ({ type: 'array', items, maxItems, 'x-kubernetes-list-type': 'atomic', ...more })
export const listBy = (
  key: string,
  items: JSONSchemaProps,
  maxItems: number,
  more: Partial<JSONSchemaProps> = {},
): JSONSchemaProps => ({
  type: 'array',
  items,
  maxItems,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  ...more,
})

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`

export const hostname = text(253, { pattern: `^(\\*\\.)?${subdomain}$` })
export const preciseHostname = text(253, { pattern: `^${subdomain}$` })
export const sectionName = text(253, { pattern: `^${subdomain}$` })
export const namespaceName = text(63, { pattern: `^${label}$` })
export const objectName = text(253)
export const group: JSONSchemaProps = { type: 'string', maxLength: 253, pattern: `^$|^${subdomain}$` }
export const kind = text(63, { pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' })
export const port = integer(1, 65_535)
export const controllerName = text(253, {
  pattern: `^${subdomain}\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$`,
})
export const headerName = text(256, { pattern: "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$" })
/** A time such as `10s` or `1m30s`. */
export const duration: JSONSchemaProps = { type: 'string', pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }

export const condition = object(
  {
    type: text(316, { pattern: `^(${subdomain}/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$` }),
    status: oneOf(['True', 'False', 'Unknown']),
    observedGeneration: integer(0, undefined, { format: 'int64' }),
    lastTransitionTime: { type: 'string', format: 'date-time' },
    reason: text(1_024, { pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' }),
    message: { type: 'string', maxLength: 32_768 },
  },
  { required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'] },
)
export const conditions = (initial?: readonly string[]): JSONSchemaProps =>
  listBy('type', condition, 8, {
    description: 'What has become of the object.',
    ...(initial
      ? {
          default: initial.map((type) => ({
            type,
            status: 'Unknown',
            reason: 'Pending',
            message: 'Waiting for controller',
            lastTransitionTime: '1970-01-01T00:00:00Z',
          })),
        }
      : {}),
  })

const gatewayGroup = 'gateway.networking.k8s.io'

const parentReference = object(
  {
    group: { ...group, default: gatewayGroup },
    kind: { ...kind, default: 'Gateway' },
    namespace: namespaceName,
    name: objectName,
    sectionName: { ...sectionName, description: 'Name of a listener; all listeners when unset.' },
    port: { ...port, description: 'Port of listeners; any when unset.' },
  },
  { required: ['name'] },
)

const sameParent =
  'p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name && ' +
  "(has(p1.__namespace__) ? p1.__namespace__ : '') == (has(p2.__namespace__) ? p2.__namespace__ : '')"
const section = (one: string): string => `(has(${one}.sectionName) ? ${one}.sectionName : '')`
const portOf = (one: string): string => `(has(${one}.port) ? ${one}.port : 0)`

/** `parentRefs` and `hostnames`, which the routes have in common. */
export const routeFields: Record<string, JSONSchemaProps> = {
  parentRefs: atomicList(parentReference, 32, {
    description: 'The Gateways, or their listeners, that the route wants to be attached to.',
    ...rules(
      [
        `self.all(p1, self.all(p2, ${sameParent} ? (${section('p1')} == '') == (${section('p2')} == '') && ` +
          `(${portOf('p1')} == 0) == (${portOf('p2')} == 0) : true))`,
        'sectionName or port must be specified when parentRefs includes 2 or more references to the same parent',
      ],
      [
        `self.all(p1, self.exists_one(p2, ${sameParent} && ${section('p1')} == ${section('p2')} && ` +
          `${portOf('p1')} == ${portOf('p2')}))`,
        'sectionName or port must be unique when parentRefs includes 2 or more references to the same parent',
      ],
    ),
  }),
  hostnames: atomicList(hostname, 16, {
    description: 'Hosts that the route is for, `*.parent` for all below one; those of the listener when unset.',
  }),
}

export const routeStatus = object(
  {
    parents: atomicList(
      object(
        { parentRef: parentReference, controllerName, conditions: conditions() },
        { required: ['conditions', 'controllerName', 'parentRef'] },
      ),
      32,
      { description: 'What each controller has made of the route, per parent.' },
    ),
  },
  { required: ['parents'] },
)

export const backendFields: Record<string, JSONSchemaProps> = {
  group: { ...group, default: '' },
  kind: { ...kind, default: 'Service' },
  name: objectName,
  namespace: { ...namespaceName, description: 'Another namespace needs a ReferenceGrant there.' },
  port,
}
const needsPort = rules([
  "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
  'Must have port for Service reference',
])
export const backendObjectReference = object(backendFields, { required: ['name'], ...needsPort })

/** An entry of `backendRefs`; `more` has the filters of its kind of route. */
export const backendRef = (more: Record<string, JSONSchemaProps> = {}): JSONSchemaProps =>
  object(
    {
      ...backendFields,
      weight: integer(0, 1_000_000, {
        default: 1,
        description: 'Its share of the requests, in proportion to the sum of all weights.',
      }),
      ...more,
    },
    { required: ['name'], ...needsPort },
  )

const header = object({ name: headerName, value: text(4_096) }, { required: ['name', 'value'] })
export const headerModifier = object({
  set: listBy('name', header, 16, { description: 'Headers that get this value instead of their own.' }),
  add: listBy('name', header, 16, { description: 'Values that are added.' }),
  remove: {
    type: 'array',
    items: { type: 'string' },
    maxItems: 16,
    'x-kubernetes-list-type': 'set',
    description: 'Names of headers that are removed.',
  },
})
const fraction = object(
  { numerator: integer(0), denominator: integer(1, undefined, { default: 100 }) },
  {
    required: ['numerator'],
    ...rules(['self.numerator <= self.denominator', 'numerator must be less than or equal to denominator']),
  },
)
export const requestMirror = object(
  { backendRef: backendObjectReference, percent: integer(0, 100), fraction },
  {
    required: ['backendRef'],
    ...rules([
      '!(has(self.percent) && has(self.fraction))',
      'Only one of percent or fraction may be specified in HTTPRequestMirrorFilter',
    ]),
  },
)
export const extensionRef = object({ group, kind, name: objectName }, { required: ['group', 'kind', 'name'] })

/** A union of filters: `type` says which of the fields is set, and no other is. */
export function filterUnion(fields: Readonly<Record<string, JSONSchemaProps>>): JSONSchemaProps {
  const typeOf = (field: string): string =>
    field === 'cors'
      ? 'CORS'
      : field === 'urlRewrite'
        ? 'URLRewrite'
        : `${field.charAt(0).toUpperCase()}${field.slice(1)}`
  const types = Object.keys(fields).map((field) => [field, typeOf(field)] as const)
  return object(
    { type: oneOf(types.map(([, type]) => type)), ...fields },
    {
      required: ['type'],
      ...rules(
        ...types.flatMap(([field, type]): [string, string][] => [
          [
            `!(has(self.${field}) && self.type != '${type}')`,
            `filter.${field} must be nil if the filter.type is not ${type}`,
          ],
          [
            `!(!has(self.${field}) && self.type == '${type}')`,
            `filter.${field} must be specified for ${type} filter.type`,
          ],
        ]),
      ),
    },
  )
}

export interface DefinitionOptions {
  kind: string
  plural: string
  shortNames?: string[]
  scope: 'Namespaced' | 'Cluster'
  /** The first one is stored. */
  versions: readonly string[]
  columns?: readonly { name: string; type: string; jsonPath: string; priority?: number }[]
  description: string
  spec: JSONSchemaProps
  status?: JSONSchemaProps
  /** Initial value of the status: «nobody has looked yet». */
  statusDefault?: unknown
}
