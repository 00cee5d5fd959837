import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'
import { removeAfterwards, uniqueName } from './server.ts'

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

export interface DefinitionOptions {
  /** The names of the versions, or the versions whole; the first is stored unless one says so. */
  versions?: (string | object)[]
  /** Schema of the versions that are given by name. */
  schema?: object
  kind?: string
  group?: string
  labels?: Record<string, string>
  scope?: 'Namespaced' | 'Cluster'
  /** Further fields of the spec. */
  spec?: object
}

export interface Definition {
  definition: Wire
  /** Of the definition itself. */
  name: string
  group: string
  plural: string
  kind: string
}

export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** A definition whose group nobody else has. */
export function simpleDefinition(options: DefinitionOptions = {}): Definition {
  const group = options.group ?? `${uniqueName('conformance')}.example.com`
  const kind = options.kind ?? 'Ship'
  const plural = `${kind.toLowerCase()}s`
  const name = `${plural}.${group}`
  const versions = (options.versions ?? ['v1']).map((version, index) =>
    typeof version === 'string'
      ? { name: version, served: true, storage: index === 0, schema: { openAPIV3Schema: options.schema ?? anything } }
      : version,
  )
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, labels: options.labels },
    spec: {
      group,
      scope: options.scope ?? 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions,
      ...options.spec,
    },
  }
  return { definition, name, group, plural, kind }
}

/** Creates a definition, which goes with the test, and waits until it is established and its resource answers. */
export async function define(api: Api, options: DefinitionOptions = {}): Promise<Definition & { made: Wire }> {
  const one = simpleDefinition(options)
  removeAfterwards(api, `${definitionsPath}/${one.name}`)
  await api.create(definitionsPath, one.definition)
  const made = await established(api, one.name)
  const version = one.definition.spec.versions.find(({ served }: Wire) => served).name
  await eventually(`${one.name} answers`, () => api.get(`/apis/${one.group}/${version}/${one.plural}`))
  return { ...one, made }
}

export const established = (api: Api, name: string): Promise<Wire> =>
  eventually(`${name} is established`, async () => {
    const found = await api.get(`${definitionsPath}/${name}`)
    const { conditions = [] } = found.status ?? {}
    return conditions.some(({ type, status }: Wire) => type === 'Established' && status === 'True') && found
  })
