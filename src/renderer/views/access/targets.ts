import type { Target } from '../../access/matrix.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'

/** The columns of the table of everyone: what most questions are about. */
export const columns = [
  { id: 'pods', group: '', resource: 'pods' },
  { id: 'logs', group: '', resource: 'pods/log' },
  { id: 'exec', group: '', resource: 'pods/exec' },
  { id: 'forward', group: '', resource: 'pods/portforward' },
  { id: 'deployments', group: 'apps', resource: 'deployments' },
  { id: 'configmaps', group: '', resource: 'configmaps' },
  { id: 'secrets', group: '', resource: 'secrets' },
  { id: 'services', group: '', resource: 'services' },
  { id: 'ingresses', group: 'networking.k8s.io', resource: 'ingresses' },
  { id: 'claims', group: '', resource: 'persistentvolumeclaims' },
  { id: 'roles', group: 'rbac.authorization.k8s.io', resource: 'roles' },
] as const

/** Subresources that are asked for by name, after their resource. */
const subresources: Partial<Record<string, readonly string[]>> = {
  '/pods': ['log', 'exec', 'attach', 'portforward', 'ephemeralcontainers', 'eviction'],
  '/serviceaccounts': ['token'],
  '/nodes': ['proxy'],
  'apps/deployments': ['scale'],
  'apps/statefulsets': ['scale'],
  'apps/replicasets': ['scale'],
}

/** Every resource of the cluster, in the order of the sidebar, with the subresources that rights are about. */
export const targetsOf = (kinds: readonly KindDescriptor[]): Target[] =>
  kinds.flatMap(({ resource: { group, plural } }) => [
    { group, resource: plural },
    ...(subresources[`${group}/${plural}`] ?? []).map((each) => ({ group, resource: `${plural}/${each}` })),
  ])

/** As kubectl names it: `deployments.apps/scale`. */
export function targetText({ group, resource }: Target): string {
  const [plural = '', subresource] = resource.split('/')
  const name = group === '' ? plural : `${plural}.${group}`
  return subresource === undefined ? name : `${name}/${subresource}`
}

/** Of the text of a target, also of one that the cluster does not serve. */
export function targetOf(text: string): Target | undefined {
  const [name = '', subresource] = text.split('/')
  const [plural = '', ...group] = name.split('.')
  if (plural === '') return undefined
  return { group: group.join('.'), resource: subresource === undefined ? plural : `${plural}/${subresource}` }
}
