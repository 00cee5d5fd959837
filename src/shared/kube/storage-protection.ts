/** Finalizers that protect claims, volumes and their classes of attributes in use, by plural; the names are Kubernetes'. */
export const storageProtection: ReadonlyMap<string, string> = new Map([
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
  ['volumeattributesclasses', 'kubernetes.io/vac-protection'],
])
