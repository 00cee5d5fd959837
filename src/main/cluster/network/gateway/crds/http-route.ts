import type { CustomResourceDefinition, JSONSchemaProps } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { definition } from './definition.ts'
import {
  atomicList,
  backendRef,
  duration,
  extensionRef,
  filterUnion,
  headerModifier,
  headerName,
  integer,
  listBy,
  object,
  oneOf,
  port,
  preciseHostname,
  requestMirror,
  routeFields,
  routeStatus,
  rules,
  sectionName,
  text,
} from './schema.ts'

const pathModifier = object(
  {
    type: oneOf(['ReplaceFullPath', 'ReplacePrefixMatch']),
    replaceFullPath: { type: 'string', maxLength: 1_024 },
    replacePrefixMatch: { type: 'string', maxLength: 1_024 },
  },
  {
    required: ['type'],
    ...rules(
      [
        "(self.type == 'ReplaceFullPath') == has(self.replaceFullPath)",
        "replaceFullPath must be specified exactly when type is set to 'ReplaceFullPath'",
      ],
      [
        "(self.type == 'ReplacePrefixMatch') == has(self.replacePrefixMatch)",
        "replacePrefixMatch must be specified exactly when type is set to 'ReplacePrefixMatch'",
      ],
    ),
  },
)

const setOf = (items: JSONSchemaProps, maxItems: number, what: string): JSONSchemaProps => ({
  type: 'array',
  items,
  maxItems,
  'x-kubernetes-list-type': 'set',
  ...rules([
    "!('*' in self && self.size() > 1)",
    `${what} cannot contain '*' alongside other ${what.slice(5).toLowerCase()}`,
  ]),
})
const originPattern = '(^\\*$)|(^([a-zA-Z][a-zA-Z0-9+\\-.]+):\\/\\/([^:/?#]+)(:([0-9]{1,5}))?$)'
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

const cors = object({
  allowOrigins: setOf(text(253, { pattern: originPattern }), 64, 'AllowOrigins'),
  allowCredentials: { type: 'boolean' },
  allowMethods: setOf(oneOf([...methods, '*']), 9, 'AllowMethods'),
  allowHeaders: setOf(headerName, 64, 'AllowHeaders'),
  exposeHeaders: { type: 'array', items: headerName, maxItems: 64, 'x-kubernetes-list-type': 'set' },
  maxAge: integer(1, undefined, { default: 5 }),
})

const filterFields: Record<string, JSONSchemaProps> = {
  requestHeaderModifier: headerModifier,
  responseHeaderModifier: headerModifier,
  requestMirror,
  requestRedirect: object({
    scheme: oneOf(['http', 'https']),
    hostname: preciseHostname,
    path: pathModifier,
    port,
    statusCode: { type: 'integer', enum: [301, 302, 303, 307, 308], default: 302 },
  }),
  urlRewrite: object({ hostname: preciseHostname, path: pathModifier }),
  cors,
  extensionRef,
}

const once = (type: string): [string, string] => [
  `self.filter(f, f.type == '${type}').size() <= 1`,
  `${type} filter cannot be repeated`,
]
const filters = atomicList(filterUnion(filterFields), 16, {
  ...rules(
    [
      "!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))",
      'May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both',
    ],
    ...['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'CORS'].map(once),
  ),
})

const nameAndValue = (name: JSONSchemaProps, value: JSONSchemaProps): JSONSchemaProps =>
  object(
    { type: oneOf(['Exact', 'RegularExpression'], { default: 'Exact' }), name, value },
    { required: ['name', 'value'] },
  )

const match = object({
  path: object(
    {
      type: oneOf(['Exact', 'PathPrefix', 'RegularExpression'], { default: 'PathPrefix' }),
      value: { type: 'string', maxLength: 1_024, default: '/' },
    },
    {
      default: { type: 'PathPrefix', value: '/' },
      ...rules(
        [
          "self.type != 'RegularExpression' ? self.value.startsWith('/') : true",
          "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
        ],
        ...['//', '/./', '/../', '%2f', '%2F', '#'].map((part): [string, string] => [
          `self.type != 'RegularExpression' ? !self.value.contains('${part}') : true`,
          `must not contain '${part}' when type one of ['Exact', 'PathPrefix']`,
        ]),
        ...['/..', '/.'].map((part): [string, string] => [
          `self.type != 'RegularExpression' ? !self.value.endsWith('${part}') : true`,
          `must not end with '${part}' when type one of ['Exact', 'PathPrefix']`,
        ]),
      ),
    },
  ),
  headers: listBy('name', nameAndValue(headerName, text(4_096)), 16),
  queryParams: listBy('name', nameAndValue(headerName, text(1_024)), 16),
  method: oneOf(methods),
})

const rule = object(
  {
    name: sectionName,
    matches: atomicList(match, 64, { default: [{ path: { type: 'PathPrefix', value: '/' } }] }),
    filters,
    backendRefs: atomicList(backendRef({ filters }), 16),
    timeouts: object(
      { request: duration, backendRequest: duration },
      rules([
        "!(has(self.request) && has(self.backendRequest) && duration(self.request) != duration('0s') && " +
          'duration(self.backendRequest) > duration(self.request))',
        'backendRequest timeout cannot be longer than request timeout',
      ]),
    ),
  },
  rules(
    [
      "!(has(self.backendRefs) && size(self.backendRefs) > 0 && has(self.filters) && self.filters.exists(f, f.type == 'RequestRedirect'))",
      'RequestRedirect filter must not be used together with backendRefs',
    ],
    [
      "!(has(self.filters) && self.filters.exists(f, (has(f.requestRedirect) && has(f.requestRedirect.path) && f.requestRedirect.path.type == 'ReplacePrefixMatch') || " +
        "(has(f.urlRewrite) && has(f.urlRewrite.path) && f.urlRewrite.path.type == 'ReplacePrefixMatch'))) || " +
        "(has(self.matches) && size(self.matches) == 1 && has(self.matches[0].path) && self.matches[0].path.type == 'PathPrefix')",
      'When using a filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified',
    ],
  ),
)

export const httpRouteDefinition: CustomResourceDefinition & Named = definition({
  kind: 'HTTPRoute',
  plural: 'httproutes',
  scope: 'Namespaced',
  versions: ['v1', 'v1beta1'],
  columns: [{ name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' }],
  description: 'Where HTTP requests go: matches, filters and back ends.',
  spec: object({
    ...routeFields,
    rules: atomicList(rule, 16, {
      minItems: 1,
      default: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }],
    }),
  }),
  status: routeStatus,
})
