import type { PolicyRule } from './rbac-types.ts'

/** What the rules of the default roles are made of. */

export const read = ['get', 'list', 'watch']
export const write = ['create', 'delete', 'deletecollection', 'patch', 'update']
export const all = ['*']
export const core = ['']
export const apps = ['apps']
/** Long gone, but still in Kubernetes' roles. */
export const extensions = ['extensions']
export const events = ['', 'events.k8s.io']

export const rule = (
  verbs: string[],
  apiGroups: string[],
  resources: string[],
  resourceNames?: string[],
): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames ? { resourceNames } : {}),
})
export const urls = (...nonResourceURLs: string[]): PolicyRule => ({ verbs: ['get'], nonResourceURLs })
export const recordEvents = rule(['create', 'patch', 'update'], events, ['events'])
export const certificatesGroup = ['certificates.k8s.io']
