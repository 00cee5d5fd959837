import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { definition } from './definition.ts'
import {
  atomicList,
  backendRef,
  extensionRef,
  filterUnion,
  group,
  headerModifier,
  headerName,
  kind,
  listBy,
  namespaceName,
  object,
  objectName,
  oneOf,
  requestMirror,
  routeFields,
  routeStatus,
  rules,
  sectionName,
  text,
} from './schema.ts'

const grpcFilters = atomicList(
  filterUnion({
    requestHeaderModifier: headerModifier,
    responseHeaderModifier: headerModifier,
    requestMirror,
    extensionRef,
  }),
  16,
)
const matchType = oneOf(['Exact', 'RegularExpression'], { default: 'Exact' })

const grpcMatch = object({
  method: object(
    { type: matchType, service: { type: 'string', maxLength: 1_024 }, method: { type: 'string', maxLength: 1_024 } },
    rules([
      'has(self.type) ? has(self.service) || has(self.method) : true',
      "One or both of 'service' or 'method' must be specified",
    ]),
  ),
  headers: listBy(
    'name',
    object({ type: matchType, name: headerName, value: text(4_096) }, { required: ['name', 'value'] }),
    16,
  ),
})

export const grpcRouteDefinition: CustomResourceDefinition & Named = definition({
  kind: 'GRPCRoute',
  plural: 'grpcroutes',
  scope: 'Namespaced',
  versions: ['v1'],
  columns: [{ name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' }],
  description: 'Where gRPC calls go, by service, method and headers.',
  spec: object({
    ...routeFields,
    rules: atomicList(
      object({
        name: sectionName,
        matches: atomicList(grpcMatch, 64),
        filters: grpcFilters,
        backendRefs: atomicList(backendRef({ filters: grpcFilters }), 16),
      }),
      16,
    ),
  }),
  status: routeStatus,
})

export const tlsRouteDefinition: CustomResourceDefinition & Named = definition({
  kind: 'TLSRoute',
  plural: 'tlsroutes',
  scope: 'Namespaced',
  // The older versions are those of earlier releases' manifests.
  versions: ['v1', 'v1alpha3', 'v1alpha2'],
  columns: [{ name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' }],
  description: 'Where TLS connections go, by the name that the client asks for (SNI).',
  spec: object(
    {
      ...routeFields,
      rules: atomicList(
        object(
          { name: sectionName, backendRefs: atomicList(backendRef(), 16, { minItems: 1 }) },
          { required: ['backendRefs'] },
        ),
        1,
        { minItems: 1 },
      ),
    },
    { required: ['rules'] },
  ),
  status: routeStatus,
})

export const referenceGrantDefinition: CustomResourceDefinition & Named = definition({
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  shortNames: ['refgrant'],
  scope: 'Namespaced',
  versions: ['v1', 'v1beta1'],
  description: 'Lets objects of other namespaces refer to objects of this one.',
  spec: object(
    {
      from: atomicList(
        object({ group, kind, namespace: namespaceName }, { required: ['group', 'kind', 'namespace'] }),
        16,
        { minItems: 1 },
      ),
      to: atomicList(object({ group, kind, name: objectName }, { required: ['group', 'kind'] }), 16, { minItems: 1 }),
    },
    { required: ['from', 'to'] },
  ),
})
