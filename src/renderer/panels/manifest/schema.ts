import type { Transport } from '#shared/client/transport.ts'
import type { KubeObject } from '#shared/kube/object.ts'

/** The part of OpenAPI v3 that completion and checks use. */
export interface Schema {
  $ref?: string
  allOf?: Schema[]
  type?: string
  description?: string | undefined
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  enum?: unknown[]
  format?: string
  default?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  oneOf?: Schema[]
  anyOf?: Schema[]
  /** Name of its definition, `io.k8s.api.core.v1.Probe`. Set when a reference to it is resolved. */
  named?: string
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-validations'?: unknown[]
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** Where the schemas of kinds come from. */
export interface SchemaSource {
  /** Afterwards `known` returns what there is. */
  load(apiVersion: string, kind: string): Promise<void>
  known(apiVersion: string, kind: string): { root: Schema; all: Record<string, Schema> } | undefined
}

/** The schemas of a cluster, fetched by group and version at first use. */
export class Schemas implements SchemaSource {
  readonly #transport: Transport
  readonly #documents = new Map<string, Promise<Record<string, Schema>>>()
  readonly #roots = new Map<string, { root: Schema; all: Record<string, Schema> }>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Fetches the schema of a kind; afterwards `known` returns it. */
  async load(apiVersion: string, kind: string): Promise<void> {
    const id = `${apiVersion}/${kind}`
    if (this.#roots.has(id)) return
    let document = this.#documents.get(apiVersion)
    if (!document) this.#documents.set(apiVersion, (document = this.#fetch(apiVersion)))
    const all = await document
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    const root = Object.values(all).find((schema) =>
      schema['x-kubernetes-group-version-kind']?.some(
        (each) => each.group === group && each.version === version && each.kind === kind,
      ),
    )
    if (root) this.#roots.set(id, { root, all })
  }

  known(apiVersion: string, kind: string): { root: Schema; all: Record<string, Schema> } | undefined {
    return this.#roots.get(`${apiVersion}/${kind}`)
  }

  /** Learns the kinds of a definition that the cluster does not have yet. */
  define(definition: KubeObject): void {
    const { group = '', names, versions = [] } = (definition as Definition).spec ?? {}
    for (const { name, schema } of versions) {
      const own = schema?.openAPIV3Schema
      if (!names?.kind || !name || !own) continue
      const text: Schema = { type: 'string' }
      const properties = { apiVersion: text, kind: text, metadata: { type: 'object' }, ...own.properties }
      this.#roots.set(`${group}/${name}/${names.kind}`, { root: { ...own, properties }, all: {} })
    }
  }

  async #fetch(apiVersion: string): Promise<Record<string, Schema>> {
    const key = apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`
    const index = (await this.#transport.request({ method: 'GET', path: '/openapi/v3' })) as {
      paths: Record<string, { serverRelativeURL: string }>
    }
    const path = index.paths[key]?.serverRelativeURL
    if (!path) return {}
    const document = (await this.#transport.request({ method: 'GET', path })) as {
      components?: { schemas?: Record<string, Schema> }
    }
    return document.components?.schemas ?? {}
  }
}

type Definition = KubeObject & {
  spec?: {
    group?: string
    names?: { kind?: string }
    versions?: { name?: string; schema?: { openAPIV3Schema?: Schema } }[]
  }
}

/** Resolves references. */
export function settle(schema: Schema | undefined, all: Record<string, Schema>): Schema | undefined {
  let current = schema
  for (let steps = 0; current && steps < 10; steps++) {
    const next = current.$ref ?? current.allOf?.[0]?.$ref
    if (!next) return current
    const name = next.slice(next.lastIndexOf('/') + 1)
    const target = all[name]
    current = target
      ? { ...target, named: name, description: current.description ?? target.description, default: current.default }
      : undefined
  }
  return current
}

/** The schema at a path of keys and indexes. */
export function schemaAt(
  root: Schema,
  path: readonly (string | number)[],
  all: Record<string, Schema>,
): Schema | undefined {
  let current = settle(root, all)
  for (const part of path) {
    if (!current) return undefined
    const next: Schema | undefined =
      typeof part === 'number'
        ? current.items
        : (current.properties?.[part] ??
          (typeof current.additionalProperties === 'object' ? current.additionalProperties : undefined))
    current = settle(next, all)
  }
  return current
}

/** `int`, `text`, `list`: as short as a list of completions wants it. */
export function typeOf(schema: Schema | undefined): string {
  if (!schema) return ''
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string']) return 'int or string'
  const short: Record<string, string> = { integer: 'int', boolean: 'bool', array: 'list', object: 'map' }
  return short[schema.type ?? ''] ?? schema.type ?? ''
}
