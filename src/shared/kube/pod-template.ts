import type { Pod, PodTemplateSpec } from './generated/types.ts'
import type { KubeObject, OwnerReference } from './object.ts'

/** The pod that `owner` makes from its template. @param name the exact name; made up by the server when unset. */
export function podFromTemplate(
  template: PodTemplateSpec | undefined,
  owner: KubeObject,
  reference: OwnerReference,
  name?: string,
): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(name ? { name } : { generateName: `${owner.metadata.name ?? ''}-` }),
      namespace: owner.metadata.namespace,
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [reference],
    },
    spec: template?.spec,
  }
}

/**
 * A short hash of a template for names and labels: the same for the same content, whatever the order of its keys, and
 * made of letters and digits that spell no words, as Kubernetes' own.
 */
export function templateHash(template: unknown, collisionCount = 0): string {
  let hash = 0x811c9dc5
  const text = canonicalJson(template) + (collisionCount > 0 ? String(collisionCount) : '')
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return Array.from(String(hash), (digit) => safeDigits[Number(digit)] ?? '').join('')
}

/** Ten characters without vowels and without digits that look like them. */
const safeDigits = 'bcdf456789'

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
}
