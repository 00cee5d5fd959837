import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'

/** A cluster as a whole. */
export interface ClusterTarget {
  context: string
}

/** One object of one cluster. An object that is deleted and created again is another one: its uid differs. */
export interface ObjectTarget extends ClusterTarget {
  apiVersion: string
  kind: string
  /** Unset for kinds without namespaces. */
  namespace?: string
  name: string
  uid: string
}

export type Target = ClusterTarget | ObjectTarget

export function targetOf(context: string, resource: Resource, { metadata }: KubeObject): ObjectTarget {
  const { namespace, name = '', uid = '' } = metadata
  return {
    context,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...(namespace ? { namespace } : {}),
    name,
    uid,
  }
}

/** `apps/v1`, or `v1` for the core group. */
export const apiVersionOf = ({ group, version }: Resource): string => (group ? `${group}/${version}` : version)

/** Tells any two targets apart. */
export const identityOf = (target: Target): string =>
  'uid' in target
    ? JSON.stringify([target.context, target.apiVersion, target.kind, target.namespace, target.name, target.uid])
    : JSON.stringify([target.context])

/** Where something is, as labels and buttons say it: `dev / shop`, or `dev`. */
export const placeText = (cluster: string, namespace?: string): string =>
  namespace ? `${cluster} / ${namespace}` : cluster
