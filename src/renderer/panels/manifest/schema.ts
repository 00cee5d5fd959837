import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { isMap, isScalar, isSeq, parseAllDocuments, type Node, type Pair } from 'yaml'
import type { Transport } from '#shared/client/transport.ts'

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
  enum?: string[]
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** The schemas of a cluster, fetched by group and version at first use. */
export class Schemas {
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

/** Resolves references. */
export function settle(schema: Schema | undefined, all: Record<string, Schema>): Schema | undefined {
  let current = schema
  for (let steps = 0; current && steps < 10; steps++) {
    const next = current.$ref ?? current.allOf?.[0]?.$ref
    if (!next) return current
    const target = all[next.slice(next.lastIndexOf('/') + 1)]
    current = target ? { ...target, description: current.description ?? target.description } : undefined
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

/** Fields that the schema does not know, and values of the wrong type, with the line of each. */
export function checkSchema(text: string, schemas: Schemas): { message: string; line: number }[] {
  const found: { message: string; line: number }[] = []
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length
  const documents = parseAllDocuments(text, { version: '1.1' })
  if (!Array.isArray(documents)) return []
  for (const document of documents) {
    if (!isMap(document.contents) || document.errors.length > 0) continue
    const { apiVersion, kind } = document.toJS() as { apiVersion?: string; kind?: string }
    const schema = schemas.known(apiVersion ?? '', kind ?? '')
    if (schema) visit(document.contents, schema.root, schema.all, '')
  }
  return found

  function visit(node: Node | null, given: Schema | undefined, all: Record<string, Schema>, at: string): void {
    const schema = settle(given, all)
    if (!node || !schema) return
    if (isMap(node)) {
      if (schema.type && schema.type !== 'object') wrongType(node, schema.type, 'a map', at)
      else for (const pair of node.items) visitPair(pair, schema, all, at)
    } else if (isSeq(node)) {
      if (schema.type && schema.type !== 'array') wrongType(node, schema.type, 'a list', at)
      else for (const [index, item] of node.items.entries()) visit(item as Node, schema.items, all, `${at}[${index}]`)
    } else if (isScalar(node) && node.value !== null && (schema.type === 'object' || schema.type === 'array'))
      wrongType(node, schema.type, 'a single value', at)
    else if (isScalar(node) && schema.enum && typeof node.value === 'string' && !schema.enum.includes(node.value))
      found.push({ message: `${at}: one of ${schema.enum.join(', ')}`, line: lineOf(node.range?.[0] ?? 0) })
  }
  function visitPair(pair: Pair, schema: Schema, all: Record<string, Schema>, at: string): void {
    if (!isScalar(pair.key)) return
    const key = String(pair.key.value)
    const property = schema.properties?.[key]
    const open =
      schema.additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] || !schema.properties
    if (!property && !open)
      found.push({ message: `unknown field "${at ? `${at}.` : ''}${key}"`, line: lineOf(pair.key.range?.[0] ?? 0) })
    const next = property ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)
    visit(pair.value as Node | null, next, all, at ? `${at}.${key}` : key)
  }
  function wrongType(node: Node, type: string, is: string, at: string): void {
    found.push({
      message: `${at} takes ${type === 'array' ? 'a list' : type === 'object' ? 'a map' : `a ${type}`}, not ${is}`,
      line: lineOf(node.range?.[0] ?? 0),
    })
  }
}

/** The path of a position in its document, by indentation, so that it also works on text that is not valid YAML yet. */
export function pathAt(
  lines: readonly string[],
  line: number,
  indent: number,
): { path: (string | number)[]; start: number } {
  let start = line
  while (start > 0 && !/^---/.test(lines[start - 1] ?? '')) start--
  const path: (string | number)[] = []
  let limit = indent
  for (let at = line - 1; at >= start; at--) {
    const text = lines[at] ?? ''
    const match = /^(\s*)((?:- )*)([\w.$/-]+):/.exec(text)
    const dash = /^(\s*)- /.exec(text)
    if (
      dash &&
      (dash[1] ?? '').length < limit &&
      (!match || (match[1] ?? '').length + (match[2] ?? '').length >= limit)
    ) {
      path.unshift(0)
      limit = (dash[1] ?? '').length + 1
      if (limit > indent) limit = indent
      limit = (dash[1] ?? '').length + 0.5
      continue
    }
    if (!match) continue
    const column = (match[1] ?? '').length + (match[2] ?? '').length
    if (column < limit) {
      path.unshift(match[3] ?? '')
      limit = column
      if (match[2]) {
        path.unshift(0)
        limit = (match[1] ?? '').length + 0.5
      }
    }
  }
  return { path, start }
}

/** Completes keys and enumerated values from the cluster's schema. */
export function completeFrom(schemas: Schemas): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const { state, pos } = context
    const line = state.doc.lineAt(pos)
    const before = line.text.slice(0, pos - line.from)
    const word = /^(\s*(?:- )*)([\w.$/-]*)$/.exec(before)
    const value = /^\s*(?:- )*([\w.$/-]+):\s+(\S*)$/.exec(before)
    if (!word && !value) return null
    const lines = state.doc.toString().split('\n')
    const indent = (word?.[1] ?? /^\s*(?:- )*/.exec(before)?.[0] ?? '').length
    const { path, start } = pathAt(lines, line.number - 1, indent)
    if (word?.[1]?.includes('- ') && path.at(-1) !== 0) path.push(0)
    const document = lines.slice(start)
    const field = (name: string): string =>
      new RegExp(`^${name}:\\s*["']?([^"'\\s]+)`).exec(
        document.find((text) => text.startsWith(`${name}:`)) ?? '',
      )?.[1] ?? ''
    const apiVersion = field('apiVersion')
    const kind = field('kind')
    await schemas.load(apiVersion, kind).catch(() => undefined)
    const known = schemas.known(apiVersion, kind)
    if (!known) return null
    if (value) {
      const schema = schemaAt(known.root, [...path, value[1] ?? ''], known.all)
      const options = schema?.enum ?? (schema?.type === 'boolean' ? ['true', 'false'] : [])
      return options.length > 0
        ? { from: pos - (value[2] ?? '').length, options: options.map((label) => ({ label })) }
        : null
    }
    const schema = schemaAt(known.root, path, known.all)
    const properties = Object.entries(schema?.properties ?? {})
    if (properties.length === 0 || (word?.[2] === '' && !context.explicit)) return null
    return {
      from: pos - (word?.[2] ?? '').length,
      options: properties.map(([label, property]) => {
        const settled = settle(property, known.all)
        return {
          label,
          apply: `${label}: `,
          detail: settled?.type ?? '',
          info: property.description ?? settled?.description ?? '',
          boost: schema?.required?.includes(label) ? 1 : 0,
        }
      }),
    }
  }
}
