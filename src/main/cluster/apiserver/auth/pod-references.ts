import type { Container, Pod, PodSpec, Volume } from '#shared/kube/generated/types.ts'

/**
 * Names of the objects that a pod uses. All are in the pod's namespace except trust bundles, which are cluster-scoped.
 */
export interface PodReferences {
  serviceAccounts: Set<string>
  secrets: Set<string>
  configMaps: Set<string>
  persistentVolumeClaims: Set<string>
  resourceClaims: Set<string>
  /** Whether a projected volume uses a ClusterTrustBundle, by name or by signer. */
  usesTrustBundles: boolean
}

/**
 * The objects that a pod refers to, from every place in a PodSpec that can name one (podutil.VisitPodSecretNames,
 * VisitPodConfigmapNames and the graph of the node authorizer).
 */
export function referencesOf({ metadata, spec, status }: Pod): PodReferences {
  const found: PodReferences = {
    serviceAccounts: new Set(),
    secrets: new Set(),
    configMaps: new Set(),
    persistentVolumeClaims: new Set(),
    resourceClaims: new Set(),
    usesTrustBundles: false,
  }
  if (!spec) return found
  // `serviceAccount` is the deprecated alias of `serviceAccountName`, used when that is empty.
  add(found.serviceAccounts, spec.serviceAccountName || spec.serviceAccount)
  for (const secret of spec.imagePullSecrets ?? []) add(found.secrets, secret.name)
  for (const container of containersOf(spec)) addEnvironment(container, found)
  for (const volume of spec.volumes ?? []) addVolume(volume, metadata.name ?? '', found)
  for (const claim of spec.resourceClaims ?? []) add(found.resourceClaims, claim.resourceClaimName)
  for (const claim of status?.resourceClaimStatuses ?? []) add(found.resourceClaims, claim.resourceClaimName)
  add(found.resourceClaims, status?.extendedResourceClaimStatus?.resourceClaimName)
  return found
}

function add(names: Set<string>, name: string | undefined): void {
  if (name) names.add(name)
}

const containersOf = (spec: PodSpec): Container[] => [
  ...spec.containers,
  ...(spec.initContainers ?? []),
  ...((spec.ephemeralContainers ?? []) as Container[]),
]

function addEnvironment({ env = [], envFrom = [] }: Container, found: PodReferences): void {
  for (const { secretRef, configMapRef } of envFrom) {
    add(found.secrets, secretRef?.name)
    add(found.configMaps, configMapRef?.name)
  }
  for (const { valueFrom } of env) {
    add(found.secrets, valueFrom?.secretKeyRef?.name)
    add(found.configMaps, valueFrom?.configMapKeyRef?.name)
  }
}

function addVolume(volume: Volume, podName: string, found: PodReferences): void {
  add(found.configMaps, volume.configMap?.name)
  add(found.persistentVolumeClaims, volume.persistentVolumeClaim?.claimName)
  // The claim of an ephemeral volume is named `<pod>-<volume>`.
  if (volume.ephemeral) add(found.persistentVolumeClaims, ephemeralClaimName(podName, volume.name))
  add(found.secrets, volume.secret?.secretName)
  add(found.secrets, volume.azureFile?.secretName)
  add(found.secrets, volume.csi?.nodePublishSecretRef?.name)
  for (const source of [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO, volume.iscsi])
    add(found.secrets, source?.secretRef?.name)
  add(found.secrets, volume.storageos?.secretRef?.name)
  for (const source of volume.projected?.sources ?? []) {
    add(found.secrets, source.secret?.name)
    add(found.configMaps, source.configMap?.name)
    if (source.clusterTrustBundle) found.usesTrustBundles = true
  }
}

/** The first kind of object that a pod refers to and a mirror pod must not; undefined when there is none. */
export function referenceOf(pod: Pod): string | undefined {
  const found = referencesOf(pod)
  if (found.serviceAccounts.size > 0) return 'a service account'
  if (found.secrets.size > 0) return 'secrets'
  if (found.configMaps.size > 0) return 'configmaps'
  if (found.usesTrustBundles) return 'clustertrustbundles'
  if (found.persistentVolumeClaims.size > 0) return 'persistentvolumeclaims'
  if (found.resourceClaims.size > 0 || (pod.spec?.resourceClaims?.length ?? 0) > 0) return 'resourceclaims'
  const sources = (pod.spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? [])
  if (sources.some((source) => source.serviceAccountToken)) return 'service account tokens'
  return sources.some((source) => source.podCertificate) ? 'pod certificates' : undefined
}

export const ephemeralClaimName = (podName: string, volumeName: string): string => `${podName}-${volumeName}`
