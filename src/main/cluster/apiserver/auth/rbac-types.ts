import type { KubeObject } from '#shared/kube/object.ts'

/** The types of `rbac.authorization.k8s.io/v1`, with the fields that authorization reads. */
export interface PolicyRule {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

/** Role or ClusterRole. */
export interface RoleObject extends KubeObject {
  rules?: PolicyRule[] | null
  aggregationRule?: { clusterRoleSelectors?: { matchLabels?: Record<string, string> }[] }
}

/** RoleBinding or ClusterRoleBinding. */
export interface BindingObject extends KubeObject {
  subjects?: Subject[] | null
  roleRef: RoleRef
}

export interface RoleRef {
  apiGroup: string
  kind: string
  name: string
}

export interface Subject {
  kind: string
  apiGroup?: string
  name: string
  namespace?: string
}

export const rbacGroup = 'rbac.authorization.k8s.io'

/** The annotation of roles and bindings that a start may complete. Its group is an older name of RBAC's. */
export const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'
