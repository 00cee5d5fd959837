import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '#shared/kube/generated/types.ts'
import { ageOf } from '#shared/kube/human-duration.ts'
import { jsonClone } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { age } from '../api/columns.ts'
import { allMetadata, type Column, type KindDeclaration, type ScalePaths, type Verb } from '../api/kind.ts'
import type { WebhookConversion } from './conversion.ts'
import { JsonPath } from '#shared/kube/json-path.ts'
import { fillDefaults, prune } from '../schema/prune.ts'
import { checkRules, hasRules } from './rules.ts'
import type { Fields, Schema } from '../schema/structural.ts'
import { validateValue } from './validate.ts'

export const schemaOf = (version: CustomResourceDefinitionVersion): Schema =>
  (version.schema?.openAPIV3Schema ?? {}) as Schema

/** Name of the OpenAPI definition: `com.example.v1.Ship`. */
export const definitionName = ({ spec }: CustomResourceDefinition, version: string): string =>
  [...spec.group.split('.').reverse(), version, spec.names.kind].join('.')

/** Declares one version of a definition, like a built-in kind. */
export function customKind(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  conversion?: WebhookConversion,
): KindDeclaration {
  const { group, names, scope } = definition.spec
  const schema = schemaOf(version)
  const apiVersion = `${group}/${version.name}`
  const storedVersion = definition.spec.versions.find(({ storage }) => storage)?.name ?? version.name
  const storageVersion = `${group}/${storedVersion}`
  return {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    unconditionalUpdate: false,
    schema: definitionName(definition, version.name),
    ...(definition.metadata.deletionTimestamp ? { verbs: terminatingVerbs } : {}),
    storedVersion,
    toStorage: (object) => (object.apiVersion === storageVersion ? object : { ...object, apiVersion: storageVersion }),
    fromStorage: (stored) => readAs(conversion ? conversion.read(stored, apiVersion) : stored, apiVersion, schema),
    setDefaults: (object) => fillDefaults(object, schema),
    validate: (object, previous) => findings(object, previous, schema),
    ...(version.deprecated
      ? { warnings: () => [version.deprecationWarning ?? `${apiVersion} ${names.kind} is deprecated`] }
      : {}),
    ...(version.subresources?.status === undefined
      ? {}
      : {
          status: {
            keepsMetadata: allMetadata,
            validateStatus: (next: KubeObject, previous: KubeObject) => findings(next, previous, schema),
          },
        }),
    ...scaleOf(version),
    ...(version.selectableFields?.length ? { fields: selectable(version.selectableFields) } : {}),
    columns: columnsOf(version),
  }
}

/** Verbs while the definition is being deleted: everything except create. */
const terminatingVerbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** Stored objects may be older than the schema: prunes fields that it dropped and sets defaults that it added. */
function readAs(stored: KubeObject, apiVersion: string, schema: Schema): KubeObject {
  const object: KubeObject = jsonClone({ ...stored, apiVersion })
  prune(object as unknown as Fields, schema)
  fillDefaults(object, schema)
  return object
}

/** Drops type and metadata, which are validated as for every kind. */
function withoutMeta(object: KubeObject): Fields {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object as KubeObject & Fields
  return { ...rest, metadata: { name: metadata.name, generateName: metadata.generateName } }
}

const roots = new WeakMap<Schema, Schema>()

/** The schema without requirements on the fields that `withoutMeta` drops. */
function rootOf(schema: Schema): Schema {
  let root = roots.get(schema)
  if (!root) {
    const required = schema.required?.filter((name) => name !== 'apiVersion' && name !== 'kind' && name !== 'metadata')
    roots.set(schema, (root = { ...schema, ...(required ? { required } : {}) }))
  }
  return root
}

/** Validates an object by the schema and its rules. */
function findings(object: KubeObject, previous: KubeObject | undefined, schema: Schema): FieldError[] {
  const errors = validateValue(withoutMeta(object), rootOf(schema), '', previous && withoutMeta(previous))
  if (!hasRules(schema)) return errors.map(placed)
  if (errors.some(({ type }) => blocking.has(type))) errors.push(fieldInvalid('', null, unchecked))
  else checkRules(object, previous, schema, '', errors)
  return errors.map(placed)
}

/** Rules are written for values of the right types, sizes and fields. */
const blocking: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const unchecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

/** Kubernetes writes Go's nil for the place of the whole object. */
const placed = (error: FieldError): FieldError => (error.field === '' ? { ...error, field: '<nil>' } : error)

function scaleOf({ subresources }: CustomResourceDefinitionVersion): { scale?: ScalePaths } {
  const scale = subresources?.scale
  if (!scale) return {}
  const plain = (path: string): string => path.replace(/^\./, '')
  return {
    scale: {
      specReplicas: plain(scale.specReplicasPath),
      statusReplicas: plain(scale.statusReplicasPath),
      selector: plain(scale.labelSelectorPath ?? ''),
    },
  }
}

function selectable(fields: readonly { jsonPath: string }[]): Record<string, (object: KubeObject) => string> {
  return Object.fromEntries(
    fields.map(({ jsonPath }) => {
      const path = new JsonPath(jsonPath)
      return [jsonPath.replace(/^\./, ''), (object: KubeObject) => textOf(path.first(object))]
    }),
  )
}

/** Kubernetes serves a kind with a column whose JSONPath it cannot parse, but prints it with the standard columns. */
function columnsOf({ additionalPrinterColumns: columns = [] }: CustomResourceDefinitionVersion): Column<KubeObject>[] {
  try {
    return columns.length > 0 ? columns.map(columnOf) : [age]
  } catch {
    return [age]
  }
}

/** @throws Error when the JSONPath is invalid */
function columnOf(column: CustomResourceColumnDefinition): Column<KubeObject> {
  const path = new JsonPath(column.jsonPath)
  const { name, description = '', type, format, priority } = column
  return {
    name,
    type: type as Column<KubeObject>['type'],
    description: description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    ...(format === 'name' ? { format } : {}),
    priority: priority ? 1 : 0,
    value(object, now) {
      const found = path.first(object)
      if (found === undefined || found === null) return null
      if (type === 'date') return ageOf(textOf(found), now)
      if (type === 'integer' || type === 'number') return typeof found === 'number' ? found : null
      if (type === 'boolean') return typeof found === 'boolean' ? found : null
      return textOf(found)
    },
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
