import { addEnums } from './enums.ts'
import { enrich } from './list-types.ts'
import type { Model, Property } from './models.ts'
import { addOptionKinds } from './option-kinds.ts'

export interface Schema {
  description?: string
  type?: string
  format?: string
  $ref?: string
  items?: Schema
  additionalProperties?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  enum?: string[]
  default?: unknown
  oneOf?: Schema[]
  [extension: `x-kubernetes-${string}`]: unknown
}

/** The OpenAPI definitions under Kubernetes' own names, with the merge keys and list types that the models lack. */
export function renderDefinitions(models: Map<string, Model>): Record<string, Schema> {
  const definitions: Record<string, Schema> = { ...scalars }
  for (const model of models.values()) definitions[definitionName(model)] = definition(model, models)
  return addOptionKinds(addEnums(enrich(definitions)))
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const scalars: Record<string, Schema> = {
  [`${meta}.Time`]: { type: 'string', format: 'date-time' },
  [`${meta}.MicroTime`]: { type: 'string', format: 'date-time' },
  [`${meta}.FieldsV1`]: { type: 'object' },
  [`${meta}.Patch`]: { type: 'object' },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'object' },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': {},
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': {},
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': {},
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': {},
}

const packages: Record<string, string> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
}
const groups: Record<string, string> = {
  core: '',
  meta: '',
  networking: 'networking.k8s.io',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  storage: 'storage.k8s.io',
  scheduling: 'scheduling.k8s.io',
  node: 'node.k8s.io',
  coordination: 'coordination.k8s.io',
  certificates: 'certificates.k8s.io',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  admissionregistration: 'admissionregistration.k8s.io',
  apiextensions: 'apiextensions.k8s.io',
  apiregistration: 'apiregistration.k8s.io',
  flowcontrol: 'flowcontrol.apiserver.k8s.io',
  resource: 'resource.k8s.io',
}

export function definitionName({ groupVersion, kind }: Model): string {
  const [group = '', version = ''] = groupVersion.split('/')
  return `${packages[group] ?? `io.k8s.api.${group}`}.${version}.${kind}`
}

function definition(model: Model, models: Map<string, Model>): Schema {
  const required = model.properties.filter((property) => property.required).map(({ name }) => name)
  const schema: Schema = {
    ...(model.description ? { description: model.description } : {}),
    type: 'object',
    ...(model.properties.length > 0
      ? {
          properties: Object.fromEntries(
            model.properties.map((property) => [property.name, propertySchema(model, property, models)]),
          ),
        }
      : {}),
    ...(required.length > 0 ? { required } : {}),
  }
  const [group = '', version] = model.groupVersion.split('/')
  if (model.root)
    schema['x-kubernetes-group-version-kind'] = [{ group: groups[group] ?? group, kind: model.kind, version }]
  return schema
}

function propertySchema(model: Model, property: Property, models: Map<string, Model>): Schema {
  const schema = special(model, property) ?? typeSchema(property.type, property.format, models)
  return property.description ? { description: property.description, ...schema } : schema
}

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
const quantity = ref('io.k8s.apimachinery.pkg.api.resource.Quantity')

/** Fields that the models declare as strings but that are Quantities or free-form. */
function special({ kind }: Model, { name, type, format }: Property): Schema | undefined {
  if (format === 'quantity' || quantityFields.has(`${kind}.${name}`)) {
    if (type.startsWith('Array')) return { type: 'array', items: quantity }
    return type.startsWith('{') ? { type: 'object', additionalProperties: quantity } : quantity
  }
  if (name === 'fieldsV1') return ref(`${meta}.FieldsV1`)
  if (rawFields.has(`${kind}.${name}`)) return ref('io.k8s.apimachinery.pkg.runtime.RawExtension')
  return kind === 'JSONSchemaProps' ? partsOfSchemas[name] : undefined
}

const rawFields = new Set([
  'ControllerRevision.data',
  'OpaqueDeviceConfiguration.parameters',
  'AllocatedDeviceStatus.data',
  'WatchEvent.object',
])

const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'
const json = ref(`${apiextensions}.JSON`)

/** Fields of schemas in definitions that are of several types. */
const partsOfSchemas: Record<string, Schema> = {
  additionalItems: ref(`${apiextensions}.JSONSchemaPropsOrBool`),
  additionalProperties: ref(`${apiextensions}.JSONSchemaPropsOrBool`),
  default: json,
  dependencies: { type: 'object', additionalProperties: ref(`${apiextensions}.JSONSchemaPropsOrStringArray`) },
  enum: { type: 'array', items: json },
  example: json,
  items: ref(`${apiextensions}.JSONSchemaPropsOrArray`),
}

const quantityFields = new Set([
  'DeviceCapacity.value',
  'Counter.value',
  'CapacityRequestPolicy.default',
  'CapacityRequestPolicy.validValues',
  'CapacityRequestPolicyRange.min',
  'CapacityRequestPolicyRange.max',
  'CapacityRequestPolicyRange.step',
  'CapacityRequirements.requests',
  'DeviceRequestAllocationResult.consumedCapacity',
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
  'VolumeResourceRequirements.limits',
  'VolumeResourceRequirements.requests',
  'NodeStatus.capacity',
  'NodeStatus.allocatable',
  'PodSpec.overhead',
  'LimitRangeItem.max',
  'LimitRangeItem.min',
  'LimitRangeItem.default',
  'LimitRangeItem.defaultRequest',
  'LimitRangeItem.maxLimitRequestRatio',
  'ResourceQuotaSpec.hard',
  'ResourceQuotaStatus.hard',
  'ResourceQuotaStatus.used',
  'PersistentVolumeSpec.capacity',
  'PersistentVolumeClaimStatus.capacity',
  'PersistentVolumeClaimStatus.allocatedResources',
  'EmptyDirVolumeSource.sizeLimit',
  'ResourceFieldSelector.divisor',
  'Overhead.podFixed',
  'ContainerStatus.allocatedResources',
  'HPAScalingRules.tolerance',
  'MetricTarget.value',
  'MetricTarget.averageValue',
  'MetricValueStatus.value',
  'MetricValueStatus.averageValue',
  'CSIStorageCapacity.capacity',
  'CSIStorageCapacity.maximumVolumeSize',
  'PodStatus.allocatedResources',
])

function typeSchema(type: string, format: string, models: Map<string, Model>): Schema {
  const array = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1]
  if (array) return { type: 'array', items: typeSchema(array, format, models) }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1]
  if (map) return { type: 'object', additionalProperties: typeSchema(map, format, models) }
  if (type === 'Date') return ref(`${meta}.Time`)
  if (/MicroTime$/.test(type)) return ref(`${meta}.MicroTime`)
  if (type === 'IntOrString' || format === 'int-or-string')
    return ref('io.k8s.apimachinery.pkg.util.intstr.IntOrString')
  if (type === 'number') return { type: format.startsWith('int') ? 'integer' : 'number', ...(format ? { format } : {}) }
  if (type === 'boolean') return { type: 'boolean' }
  if (type === 'string') return { type: 'string', ...(format ? { format } : {}) }
  const model = models.get(type)
  if (model) return ref(definitionName(model))
  return type === 'object' ? { type: 'object' } : {}
}
