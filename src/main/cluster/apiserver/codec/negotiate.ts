import { notAcceptable } from '#shared/kube/status.ts'

/** The form of an answer that a request asked for. */
export interface Format {
  type: 'application/json' | 'application/yaml'
  /** `Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, `APIGroupDiscoveryList`; undefined = as stored. */
  as: string | undefined
  group: string
  version: string
}

export const plainJson: Format = { type: 'application/json', as: undefined, group: '', version: '' }
const plainYaml: Format = { ...plainJson, type: 'application/yaml' }

/** Which `as=` forms an endpoint can give: `Table.v1.meta.k8s.io`. */
export type Forms = ReadonlySet<string>

export const objectForms: Forms = new Set(
  ['v1', 'v1beta1'].flatMap((version) => [
    `Table.${version}.meta.k8s.io`,
    `PartialObjectMetadata.${version}.meta.k8s.io`,
    `PartialObjectMetadataList.${version}.meta.k8s.io`,
  ]),
)

const remembered = new Map<Forms, Map<string, Format>>()
const rememberAtMost = 200

/** The first clause of `Accept` that can be served. @throws ApiError 406 when there is none. */
export function negotiate(accept: string | undefined, forms: Forms): Format {
  if (accept === undefined || accept === 'application/json' || accept === '' || accept === '*/*') return plainJson
  let known = remembered.get(forms)
  if (!known) remembered.set(forms, (known = new Map<string, Format>()))
  let format = known.get(accept)
  if (!format) {
    format = choose(accept, forms)
    if (known.size < rememberAtMost) known.set(accept, format)
  }
  return format
}

function choose(accept: string, forms: Forms): Format {
  const clauses = accept.split(',').map(parseClause)
  clauses.sort((a, b) => b.quality - a.quality)
  for (const { type, parameters } of clauses) {
    const format = formatOf(type)
    if (!format) continue
    const as = parameters['as']
    if (as === undefined) return format
    const group = parameters['g'] ?? ''
    const version = parameters['v'] ?? ''
    if (forms.has(`${as}.${version}.${group}`)) return { ...format, as, group, version }
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
}

function parseClause(clause: string): { type: string; parameters: Record<string, string>; quality: number } {
  const [type = '', ...rest] = clause.split(';').map((part) => part.trim())
  const parameters: Record<string, string> = {}
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals > 0) parameters[part.slice(0, equals)] = part.slice(equals + 1)
  }
  return { type: type.toLowerCase(), parameters, quality: Number(parameters['q'] ?? 1) }
}

function formatOf(type: string): Format | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return plainJson
  return type === 'application/yaml' ? plainYaml : undefined
}
