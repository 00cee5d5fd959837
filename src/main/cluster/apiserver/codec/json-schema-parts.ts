import type { TypeNode } from '#shared/kube/patch/type-node.ts'

/** Parts of a JSON schema that are schemas or something else, which the OpenAPI document has as anything. */
const alternatives: Record<string, 'boolean' | 'list' | 'names' | undefined> = {
  additionalProperties: 'boolean',
  additionalItems: 'boolean',
  items: 'list',
  dependencies: 'names',
}

/** What else than a schema the field of a schema may be; undefined for fields that the document describes. */
export const alternativeOf = (struct: TypeNode, field: string): 'boolean' | 'list' | 'names' | undefined =>
  struct.name === 'JSONSchemaProps' ? alternatives[field] : undefined

/** Go's names of the types of a schema's fields, where the document does not tell them. */
const goTypes: Record<string, string | undefined> = {
  $schema: 'v1.JSONSchemaURL',
  enum: '[]v1.JSON',
  definitions: 'v1.JSONSchemaDefinitions',
  dependencies: 'v1.JSONSchemaDependencies',
}

export const schemaGoType = (struct: TypeNode | undefined, field: string): string | undefined =>
  struct?.name === 'JSONSchemaProps' ? goTypes[field] : undefined

/** The fields of a schema that are pointers in Go, so that an empty value is written. */
export const writtenThoughEmpty: ReadonlySet<string> = new Set([
  '$ref',
  'additionalItems',
  'additionalProperties',
  'default',
  'example',
  'externalDocs',
  'items',
  'not',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
])

export const notSchema = 'boolean or JSON schema expected'
