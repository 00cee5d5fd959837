import { jsonEqual } from '#shared/kube/json.ts'

/** The schemas of an aggregated API server for one of its group versions. */
export interface RemoteSchemas {
  /** `apis/sea.example.com/v1` */
  path: string
  /** The OpenAPI v3 document; undefined when there is none. */
  v3: unknown
  /** The group version's part of the OpenAPI v2 document. */
  v2: OpenApiV2Part
}

export interface OpenApiV2Part {
  paths: Readonly<Record<string, unknown>>
  definitions: Readonly<Record<string, unknown>>
}

const nothing: OpenApiV2Part = { paths: {}, definitions: {} }

/** Returns the paths below `path` of an OpenAPI v2 document, and every definition that they refer to. */
export function partOf(document: unknown, path: string): OpenApiV2Part {
  const { paths = {}, definitions = {} } = (document ?? {}) as Partial<OpenApiV2Part>
  const own = Object.entries(paths).filter(([name]) => name === `/${path}/` || name.startsWith(`/${path}/`))
  if (own.length === 0) return nothing
  const reached: Record<string, unknown> = {}
  const follow = (value: unknown): void => {
    for (const name of referencesIn(value)) {
      if (Object.hasOwn(reached, name) || !Object.hasOwn(definitions, name)) continue
      reached[name] = definitions[name]
      follow(definitions[name])
    }
  }
  for (const [, item] of own) follow(item)
  const kinds = Object.entries(definitions).filter(([, definition]) => isOfGroup(definition, path))
  for (const [name, definition] of kinds) {
    reached[name] = definition
    follow(definition)
  }
  return { paths: Object.fromEntries(own), definitions: reached }
}

/**
 * Merges a part into a document. A definition whose name is taken by a different one is renamed, as Kubernetes'
 * aggregator does.
 */
export function merge(
  into: { paths: Record<string, unknown>; definitions: Record<string, unknown> },
  part: OpenApiV2Part,
): void {
  const renamed = new Map<string, string>()
  for (const [name, definition] of Object.entries(part.definitions)) {
    if (!Object.hasOwn(into.definitions, name) || jsonEqual(into.definitions[name], definition)) continue
    let free = 2
    while (Object.hasOwn(into.definitions, `${name}_v${free}`)) free++
    renamed.set(name, `${name}_v${free}`)
  }
  for (const [name, definition] of Object.entries(part.definitions))
    into.definitions[renamed.get(name) ?? name] = withReferences(definition, renamed)
  for (const [path, item] of Object.entries(part.paths)) into.paths[path] ??= withReferences(item, renamed)
}

const prefix = '#/definitions/'

function* referencesIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value))
    if (key === '$ref' && typeof part === 'string' && part.startsWith(prefix)) yield part.slice(prefix.length)
    else yield* referencesIn(part)
}

function withReferences(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withReferences(item, renamed))
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) => {
      if (key !== '$ref' || typeof part !== 'string') return [key, withReferences(part, renamed)]
      const name = part.slice(prefix.length)
      return [key, prefix + (renamed.get(name) ?? name)]
    }),
  )
}

function isOfGroup(definition: unknown, path: string): boolean {
  const kinds = (definition as { 'x-kubernetes-group-version-kind'?: unknown })['x-kubernetes-group-version-kind']
  if (!Array.isArray(kinds)) return false
  return kinds.some((kind: { group?: string; version?: string }) => `apis/${kind.group}/${kind.version}` === path)
}
