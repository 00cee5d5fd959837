/** Finalizers that protect claims and volumes in use, by plural; the names are Kubernetes'. */
export const storageProtection: ReadonlyMap<string, string> = new Map([
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
])
