import { isMap, isSeq, parseAllDocuments, type Document, type YAMLMap } from 'yaml'
import type { HelmChange, HelmHook } from '#shared/contract/helm.ts'
import type { StoredRelease } from './release-codec.ts'

/** An object of a rendered manifest. */
export interface ManifestObject {
  apiVersion: string
  kind: string
  namespace?: string | undefined
  name: string
  /** As YAML, with the values of a Secret hidden. */
  text: string
  /** Tells two states apart, those of a Secret's values too. Never leaves this process. */
  content: string
}

const hidden = '••••••'

/**
 * The objects of a manifest as Helm renders it, `List`s unfolded by nobody: Helm applies them as they are.
 * @param namespace of objects that name none; those of kinds without namespaces have it too, as the text cannot tell
 */
export function readManifest(manifest: string): ManifestObject[] {
  const documents = parseAllDocuments(manifest, { version: '1.1', uniqueKeys: false })
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document, at) => {
    const object = document.errors.length > 0 ? undefined : (document.toJS() as Partial<Kubernetes> | null)
    if (!object || typeof object !== 'object' || !object.kind) return []
    const from = at === 0 ? 0 : (documents[at - 1]?.range[2] ?? 0)
    const content = sourceOf(manifest.slice(from, document.range[2]))
    return [
      {
        apiVersion: object.apiVersion ?? '',
        kind: object.kind,
        namespace: object.metadata?.namespace,
        name: object.metadata?.name ?? '',
        text: secretsOf(document).length > 0 ? withoutValues(document) : content,
        content,
      },
    ]
  })
}

/** The whole manifest with the values of its Secrets hidden. */
export const withoutSecrets = (manifest: string): string =>
  readManifest(manifest)
    .map(({ text }) => text)
    .join('---\n')

/** What the objects of one manifest differ in from those of another, in the order of the later one; what is gone comes last. */
export function changesBetween(before: string, after: string): HelmChange[] {
  const old = new Map(readManifest(before).map((object) => [keyOf(object), object]))
  const now = readManifest(after)
  const changes = now.map((object): HelmChange => {
    const was = old.get(keyOf(object))
    old.delete(keyOf(object))
    const change = !was ? 'created' : was.content === object.content ? 'same' : 'changed'
    return { ...refOf(object), change, before: was?.text ?? '', after: object.text }
  })
  const gone = [...old.values()].map((object): HelmChange => {
    return { ...refOf(object), change: 'deleted', before: object.text, after: '' }
  })
  return [...changes, ...gone]
}

export const refOf = ({
  apiVersion,
  kind,
  namespace,
  name,
}: ManifestObject): Omit<ManifestObject, 'text' | 'content'> => ({
  ...{ apiVersion, kind, name },
  ...(namespace === undefined ? {} : { namespace }),
})

export const hooksOf = ({ hooks }: Pick<StoredRelease, 'hooks'>): HelmHook[] =>
  (hooks ?? []).map(({ kind, name, events, last_run: run }) => ({
    ...{ kind: kind ?? '', name: name ?? '', events: events ?? [] },
    ...(run?.phase ? { phase: run.phase } : {}),
  }))

interface Kubernetes {
  apiVersion: string
  kind: string
  metadata: { name?: string; namespace?: string }
}

/** The version is no part of it: a chart that moves to a newer one changes the object. */
const keyOf = ({ apiVersion, kind, namespace, name }: ManifestObject): string =>
  JSON.stringify([apiVersion.includes('/') ? apiVersion.split('/')[0] : '', kind, namespace, name])

/** A document without separators and Helm's remark of where it comes from. */
const sourceOf = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^(?:---(?:\s|$)|# Source: )/.test(line))
    .join('\n')
    .trim() + '\n'

/** The Secrets of a document, those of a List too. */
function secretsOf(document: Document): YAMLMap[] {
  const items = document.getIn(['items'], true)
  return [document.contents, ...(isSeq(items) ? items.items : [])].flatMap((node) =>
    isMap(node) && node.get('kind') === 'Secret' ? [node] : [],
  )
}

function withoutValues(document: Document): string {
  const copy = document.clone()
  for (const secret of secretsOf(copy))
    for (const key of ['data', 'stringData']) {
      const values = secret.get(key, true)
      if (isMap(values)) for (const pair of values.items) pair.value = copy.createNode(hidden)
    }
  copy.commentBefore = null
  copy.comment = null
  if (copy.contents) copy.contents.commentBefore = null
  return copy.toString({ lineWidth: 0, directives: false })
}
