import { notAcceptable } from '#shared/kube/status.ts'
import { protobufType } from './protobuf-encode.ts'

/** The response format that a request accepts. */
export interface Format {
  type: 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf'
  /**
   * `Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, `APIGroupDiscoveryList`; undefined = the object
   * itself.
   */
  as: string | undefined
  group: string
  version: string
}

export const plainJson: Format = { type: 'application/json', as: undefined, group: '', version: '' }
const plainYaml: Format = { ...plainJson, type: 'application/yaml' }
const plainProtobuf: Format = { ...plainJson, type: protobufType }

/**
 * The `as=` forms that an endpoint supports (`Table.v1.meta.k8s.io`); a prefix marks those also available as protobuf.
 */
export type Forms = ReadonlySet<string>

const partials = ['v1', 'v1beta1'].flatMap((version) => [
  `PartialObjectMetadata.${version}.meta.k8s.io`,
  `PartialObjectMetadataList.${version}.meta.k8s.io`,
])
const anyForms = [
  'Table.v1.meta.k8s.io',
  'Table.v1beta1.meta.k8s.io',
  ...partials,
  ...partials.map((form) => `protobuf.${form}`),
]

/** Objects without a protobuf message: only their metadata is available as protobuf. */
export const objectForms: Forms = new Set(anyForms)
/** Objects with a protobuf message. */
export const typedForms: Forms = new Set([...anyForms, 'protobuf'])
/** Responses without metadata: only the response itself, as JSON or protobuf. */
export const noForms: Forms = new Set()
export const typedFormOnly: Forms = new Set(['protobuf'])

const formatCache = new Map<Forms, Map<string, Format>>()
const maxCachedFormats = 200

/** Returns the first clause of `Accept` that can be served. @throws ApiError 406 when there is none */
export function negotiate(accept: string | undefined, forms: Forms): Format {
  if (accept === undefined || accept === 'application/json' || accept === '' || accept === '*/*') return plainJson
  let byAccept = formatCache.get(forms)
  if (!byAccept) formatCache.set(forms, (byAccept = new Map<string, Format>()))
  let format = byAccept.get(accept)
  if (!format) {
    format = choose(accept, forms)
    if (byAccept.size < maxCachedFormats) byAccept.set(accept, format)
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
    const group = parameters['g'] ?? ''
    const version = parameters['v'] ?? ''
    const form = as === undefined ? '' : `${as}.${version}.${group}`
    if (!canGive(format, form, forms)) continue
    return as === undefined ? format : { ...format, as, group, version }
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
}

function canGive({ type }: Format, form: string, forms: Forms): boolean {
  if (type === protobufType) return forms.has(form === '' ? 'protobuf' : `protobuf.${form}`)
  return form === '' || forms.has(form)
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
  if (type === protobufType) return plainProtobuf
  return type === 'application/yaml' ? plainYaml : undefined
}
