import { parseAllDocuments, LineCounter, type Document, type Tags } from 'yaml'
import { exactInteger, mayHaveLong } from '#shared/kube/exact-json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import * as resources from '#shared/kube/resources.ts'
import { t } from '../../texts/index.ts'

export interface Manifest {
  object: KubeObject
  /** Line at which the document begins, from 1. */
  line: number
  document: Document.Parsed
  /** Where the object is in the document: nowhere but in a List. */
  at: readonly (string | number)[]
  /** Offsets of the document in the text, with the comments before and after it. */
  from: number
  to: number
}

export interface Mistake {
  message: string
  /** From 1. */
  line: number
  /** Offsets in the text. */
  from: number
  to: number
}

/** YAML as kubectl reads it: 1.1 with its `yes` and octals, but `12:30` and `2026-11-23` are strings. */
export const kubectlYaml = {
  version: '1.1' as const,
  customTags: (tags: Tags): Tags =>
    tags.filter(
      (tag) => typeof tag === 'string' || (tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp'),
    ),
}

/** Texts of several files as one. */
export const joinManifests = (texts: readonly string[]): string =>
  texts.map((text) => text.trimEnd()).join('\n---\n') + '\n'

/** The objects of a text of several documents, and its mistakes: invalid YAML, and documents that are no objects. */
export function readManifests(text: string): { manifests: Manifest[]; mistakes: Mistake[] } {
  const lines = new LineCounter()
  const manifests: Manifest[] = []
  const mistakes: Mistake[] = []
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    uniqueKeys: true,
    ...kubectlYaml,
    intAsBigInt: mayHaveLong(text),
  })
  if (!Array.isArray(documents)) return { manifests, mistakes }
  let from = 0
  for (const document of documents) {
    const place = { document, from, to: document.range[2] }
    from = document.range[2]
    for (const { message, pos } of document.errors)
      mistakes.push({
        message: message.split(' at line ')[0] ?? '',
        line: lines.linePos(pos[0]).line,
        ...{ from: pos[0], to: Math.max(pos[1], pos[0] + 1) },
      })
    if (document.errors.length > 0 || document.contents === null) continue
    const [start] = document.contents.range
    const { line } = lines.linePos(start)
    const mistake = (message: string): void =>
      void mistakes.push({ message, line, from: start, to: Math.max(start + 1, text.indexOf('\n', start)) })
    const object = document.toJS({
      reviver: (_, part: unknown) => (typeof part === 'bigint' ? exactInteger(part) : part),
    }) as (Partial<KubeObject> & { items?: KubeObject[] }) | null
    if (object === null) continue
    if (typeof object !== 'object' || !object.apiVersion || !object.kind) mistake(t('editor.mistake.type'))
    else if (object.kind === 'List' && Array.isArray(object.items))
      manifests.push(...object.items.map((item, index) => ({ object: item, line, ...place, at: ['items', index] })))
    else if (!object.metadata?.name && !object.metadata?.generateName)
      mistake(t('editor.mistake.name', { kind: object.kind }))
    else manifests.push({ object: object as KubeObject, line, ...place, at: [] })
  }
  return { manifests, mistakes }
}

/** A document as YAML, its lines as long as they are. */
export const toText = (document: Document): string => document.toString({ lineWidth: 0 })

/** Kinds that every cluster has without namespaces; a custom kind counts as having them. */
const clusterKinds = new Set(
  Object.values(resources).flatMap(({ namespaced, group, kind }) => (namespaced ? [] : [`${group}/${kind}`])),
)

/** The namespaces that objects go to. @param fallback of objects that name none */
export function namespacesOf(objects: readonly KubeObject[], fallback: string): string[] {
  const found = objects.flatMap(({ apiVersion = '', kind = '', metadata }) => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    return clusterKinds.has(`${group}/${kind}`) ? [] : [metadata?.namespace ?? fallback]
  })
  return [...new Set(found)]
}

/** Sorts by dependency: namespaces and definitions, then what pods refer to, then the rest as written. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const first = [
    'Namespace',
    'CustomResourceDefinition',
    'StorageClass',
    'PriorityClass',
    'ServiceAccount',
    'Secret',
    'ConfigMap',
    'PersistentVolume',
    'PersistentVolumeClaim',
  ]
  const rank = (kind = ''): number => (first.includes(kind) ? first.indexOf(kind) : first.length)
  return [...manifests].sort((a, b) => rank(a.object.kind) - rank(b.object.kind))
}

/**
 * Fields that the user removed and the server kept: by the rules of server-side apply a field stays while another
 * manager owns it, and a field with a default comes back.
 */
export function survivors(base: unknown, wanted: unknown, result: unknown, path = ''): string[] {
  if (base === null || typeof base !== 'object' || result === null || typeof result !== 'object') return []
  if (Array.isArray(base)) {
    if (!Array.isArray(wanted) || !Array.isArray(result)) return []
    const [had, has, kept] = [byName(base), byName(wanted), byName(result)]
    return [...had].flatMap(([key, value]) => {
      const at = `${path}[${key}]`
      if (!has.has(key)) return kept.has(key) ? [at] : []
      return survivors(value, has.get(key), kept.get(key), at)
    })
  }
  return Object.entries(base).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`
    const [has, kept] = [wanted as Record<string, unknown> | null, result as Record<string, unknown>]
    if (has?.[key] === undefined) return kept[key] === undefined ? [] : [at]
    return survivors(value, has[key], kept[key], at)
  })
}

/** The items of a list by their name, or by their JSON where they have none. */
const byName = (items: readonly unknown[]): Map<string, unknown> =>
  new Map(items.map((item) => [(item as { name?: string } | null)?.name ?? JSON.stringify(item), item]))

/** The owners of conflicting fields, from the causes of a 409: `conflict with "kubectl-client-side-apply" using apps/v1`. */
export function conflictsOf(details?: {
  causes?: { reason: string; message: string; field?: string }[]
}): { manager: string; field: string }[] {
  return (details?.causes ?? [])
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message, field }) => ({ manager: /"([^"]+)"/.exec(message)?.[1] ?? message, field: field ?? '' }))
}
