import { TypeCompiler, type JsonSchema, type TypeNode } from '#shared/kube/patch/type-node.ts'
import { definitions as builtIn } from './generated/definitions.ts'
import { goShapes } from './go-shapes.ts'
import { metricsDefinitions } from './metrics-definitions.ts'

/** The OpenAPI definitions of the built-in types, under their Kubernetes names, and their compiled form. */
export interface SchemaSet {
  /** All definitions, as `/openapi/v3` serves them (`$ref`s point to `#/components/schemas/`). */
  readonly definitions: Readonly<Record<string, OpenApiSchema>>
  /** @param name `io.k8s.api.core.v1.Pod` */
  definition(name: string): OpenApiSchema | undefined
  /** The compiled form for patching, apply and field validation, resolved lazily; `anyType` for unknown names. */
  type(name: string): TypeNode
}

export interface OpenApiSchema extends JsonSchema {
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
  enum?: string[]
}

/** Returns the schema of Kubernetes v1.36, from the output of `npm run generate`, and of its Metrics API. */
export const loadSchema = (): SchemaSet =>
  schemaSet({ ...(builtIn as Record<string, OpenApiSchema>), ...metricsDefinitions })

function schemaSet(definitions: Readonly<Record<string, OpenApiSchema>>): SchemaSet {
  const definition = (name: string): OpenApiSchema | undefined =>
    Object.hasOwn(definitions, name) ? definitions[name] : undefined
  const compiler = new TypeCompiler(definition, goShapes())
  return { definitions, definition, type: (name) => compiler.named(name) }
}
