import type { HandledSubresource } from '../api/kind.ts'

/** A subresource of the core group that needs a node, with the kind of its options. */
export const handled = (verbs: readonly string[], kind: string): HandledSubresource => ({
  verbs,
  kind: { group: '', version: 'v1', kind },
})

export const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update']
