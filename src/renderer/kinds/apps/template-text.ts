import { stringify } from 'yaml'
import type { PodTemplateSpec } from '#shared/kube/generated/types.ts'

/** A template as YAML, without what the controller adds: two of one revision are equal. */
export function templateText(template: PodTemplateSpec | undefined): string {
  const { metadata, spec } = template ?? {}
  const { 'pod-template-hash': _, ...labels } = metadata?.labels ?? {}
  const { annotations } = metadata ?? {}
  return stringify({ metadata: { labels, ...(annotations ? { annotations } : {}) }, spec }, { lineWidth: 0 })
}
