import type { UserInfo } from '../api/access.ts'

/** The API server itself, with all permissions. */
export const apiServerUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** A component of the control plane: `kube-scheduler`, `kube-controller-manager`. */
export const componentUser = (component: string): UserInfo => ({
  name: `system:${component}`,
  groups: ['system:authenticated'],
})

/** A controller, which authenticates as its service account in kube-system: `deployment-controller`. */
export const controllerUser = (controller: string): UserInfo => serviceAccountUser('kube-system', controller)

export const serviceAccountUser = (namespace: string, name: string, uid?: string): UserInfo => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  ...(uid === undefined ? {} : { uid }),
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
})
