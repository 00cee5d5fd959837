import type { Container, Pod, Volume } from '#shared/kube/generated/types.ts'

/** Whether a pod uses an object of its namespace: `secrets`, `configmaps`, `persistentvolumeclaims`, `serviceaccounts`. */
export function references({ spec }: Pod, resource: string, name: string): boolean {
  if (!spec) return false
  const containers: Container[] = [
    ...spec.containers,
    ...(spec.initContainers ?? []),
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ]
  const volumes = spec.volumes ?? []
  switch (resource) {
    case 'serviceaccounts':
      return spec.serviceAccountName === name
    case 'persistentvolumeclaims':
      return volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name)
    case 'configmaps':
      return (
        volumes.some((volume) => volumeUses(volume, 'configMap', name)) ||
        containers.some((container) => environmentUses(container, 'configMap', name))
      )
    case 'secrets':
      return (
        (spec.imagePullSecrets ?? []).some((secret) => secret.name === name) ||
        volumes.some((volume) => volumeUses(volume, 'secret', name)) ||
        containers.some((container) => environmentUses(container, 'secret', name))
      )
    default:
      return false
  }
}

function volumeUses({ secret, configMap, projected }: Volume, kind: 'secret' | 'configMap', name: string): boolean {
  const own = kind === 'secret' ? secret?.secretName : configMap?.name
  return own === name || (projected?.sources?.some((source) => source[kind]?.name === name) ?? false)
}

function environmentUses({ env = [], envFrom = [] }: Container, kind: 'secret' | 'configMap', name: string): boolean {
  const [whole, key] =
    kind === 'secret' ? (['secretRef', 'secretKeyRef'] as const) : (['configMapRef', 'configMapKeyRef'] as const)
  return (
    envFrom.some((source) => source[whole]?.name === name) ||
    env.some(({ valueFrom }) => valueFrom?.[key]?.name === name)
  )
}
