import type {
  CephFSVolumeSource,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '#shared/kube/generated/types.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import { fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import { checkFieldRef, checkResourceFieldRef, volumeFieldPaths } from './field-paths.ts'
import { addInvalid, checkSupported } from './fields.ts'
import { checkClaimSpec } from './persistent-volumes.ts'
import { checkCsiDriverName, checkOneSource, volumeSources, type SourceCheck } from './volume-sources.ts'
import type { Wire } from '../api/wire.ts'

/** Validates the volumes of a pod. @returns the names of those that are valid, which containers may mount */
export function checkVolumes(volumes: readonly Wire<Volume>[], field: string, errors: FieldError[]): Set<string> {
  const names = new Set<string>()
  volumes.forEach((volume, i) => {
    const at = `${field}[${i}]`
    const found: FieldError[] = []
    const name = volume.name ?? ''
    checkOneSource(withoutNames(volume), podSources, at, false, found)
    if (name === '') found.push(fieldRequired(`${at}.name`))
    else addInvalid(labelProblems(name), name, `${at}.name`, found)
    if (names.has(name)) found.push(fieldDuplicate(`${at}.name`, name))
    if (found.length === 0) names.add(name)
    errors.push(...found)
  })
  return names
}

/** Kubernetes writes this source as `cephFS` in paths. */
function withoutNames({ cephfs, ...volume }: Wire<Volume>): PodSources {
  return cephfs === undefined ? volume : { ...volume, cephFS: cephfs }
}

type PodSources = Omit<Wire<Volume>, 'cephfs'> & { cephFS?: Wire<CephFSVolumeSource> }

/** A rule of a source that PersistentVolumes have too. */
const shared =
  (name: keyof typeof volumeSources): SourceCheck<PodSources> =>
  (volume, field, errors, persistent) => {
    volumeSources[name](volume, field, errors, persistent)
  }

/** The sources of a pod's volume in the order in which Kubernetes looks at them. */
const podSources: Readonly<Record<string, SourceCheck<PodSources>>> = {
  emptyDir: ({ emptyDir }, field, errors) => {
    if (emptyDir?.sizeLimit && compareQuantities(emptyDir.sizeLimit, '0') < 0)
      errors.push(fieldForbidden(`${field}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
  },
  hostPath: shared('hostPath'),
  gitRepo: ({ gitRepo }, field, errors) => {
    if (!gitRepo?.repository) errors.push(fieldRequired(`${field}.repository`))
    if (gitRepo?.directory) checkDescendingPath(gitRepo.directory, `${field}.directory`, errors)
  },
  gcePersistentDisk: shared('gcePersistentDisk'),
  awsElasticBlockStore: shared('awsElasticBlockStore'),
  secret: ({ secret = {} }, field, errors) => {
    if (!secret.secretName) errors.push(fieldRequired(`${field}.secretName`))
    checkItems(secret, field, errors)
  },
  nfs: shared('nfs'),
  iscsi: shared('iscsi'),
  glusterfs: shared('glusterfs'),
  persistentVolumeClaim: ({ persistentVolumeClaim: claim }, field, errors) => {
    if (!claim?.claimName) errors.push(fieldRequired(`${field}.claimName`))
  },
  rbd: shared('rbd'),
  cinder: shared('cinder'),
  // In lower case within it.
  cephFS: ({ cephFS }, field, errors) => {
    if ((cephFS?.monitors ?? []).length === 0)
      errors.push(fieldRequired(`${field.replace(/cephFS$/, 'cephfs')}.monitors`))
  },
  quobyte: shared('quobyte'),
  downwardAPI: ({ downwardAPI = {} }, field, errors) => {
    checkMode(downwardAPI.defaultMode, `${field}.defaultMode`, errors)
    checkDownwardItems(downwardAPI.items, field, errors)
  },
  fc: shared('fc'),
  flexVolume: shared('flexVolume'),
  configMap: ({ configMap = {} }, field, errors) => {
    if (!configMap.name) errors.push(fieldRequired(`${field}.name`))
    checkItems(configMap, field, errors)
  },
  flocker: shared('flocker'),
  azureFile: shared('azureFile'),
  vsphereVolume: shared('vsphereVolume'),
  photonPersistentDisk: shared('photonPersistentDisk'),
  portworxVolume: shared('portworxVolume'),
  azureDisk: shared('azureDisk'),
  storageos: shared('storageos'),
  projected: ({ projected = {} }, field, errors) => {
    checkProjected(projected, field, errors)
  },
  scaleIO: shared('scaleIO'),
  csi: ({ csi = {} }, field, errors) => {
    checkCsiDriverName(csi.driver, `${field}.driver`, errors)
    if (csi.nodePublishSecretRef && !csi.nodePublishSecretRef.name)
      errors.push(fieldRequired(`${field}.nodePublishSecretRef.name`))
  },
  ephemeral: ({ ephemeral }, field, errors) => {
    const at = `${field}.volumeClaimTemplate`
    if (!ephemeral?.volumeClaimTemplate) errors.push(fieldRequired(at))
    else checkClaimSpec(ephemeral.volumeClaimTemplate.spec ?? {}, `${at}.spec`, errors)
  },
  image: ({ image = {} }, field, errors) => {
    checkSupported(image.pullPolicy || undefined, ['Always', 'IfNotPresent', 'Never'], `${field}.pullPolicy`, errors)
  },
}

function checkItems(
  { items = [], defaultMode }: Wire<{ items: KeyToPath[]; defaultMode: number }>,
  field: string,
  errors: FieldError[],
): void {
  checkMode(defaultMode, `${field}.defaultMode`, errors)
  items.forEach(({ key, path, mode }, i) => {
    const at = `${field}.items[${i}]`
    if (!key) errors.push(fieldRequired(`${at}.key`))
    if (!path) errors.push(fieldRequired(`${at}.path`))
    else checkLocalPath(path, `${at}.path`, errors)
    checkMode(mode, `${at}.mode`, errors)
  })
}

function checkDownwardItems(
  items: readonly Wire<DownwardAPIVolumeFile>[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  items?.forEach(({ path, fieldRef, resourceFieldRef, mode }, i) => {
    const at = field
    if (!path) errors.push(fieldRequired(`${at}.path`))
    else checkLocalPath(path, `${at}.path`, errors)
    if (fieldRef) {
      checkFieldRef(fieldRef, volumeFieldPaths, `${at}.fieldRef`, errors)
      if (resourceFieldRef)
        errors.push(fieldInvalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    } else if (resourceFieldRef) checkResourceFieldRef(resourceFieldRef, true, `${at}.resourceFieldRef`, errors)
    else errors.push(fieldRequired(`${at}.fieldRef`, `one of fieldRef and resourceFieldRef is required for item ${i}`))
    checkMode(mode, `${at}.mode`, errors)
  })
}

const projections = [
  'clusterTrustBundle',
  'configMap',
  'downwardAPI',
  'podCertificate',
  'secret',
  'serviceAccountToken',
] as const

function checkProjected(
  { sources = [], defaultMode }: Wire<ProjectedVolumeSource>,
  field: string,
  errors: FieldError[],
): void {
  checkMode(defaultMode, `${field}.defaultMode`, errors)
  const paths = new Set<string>()
  sources.forEach((source, i) => {
    const at = `${field}.sources[${i}]`
    const [, ...more] = projections.filter((name) => source[name] !== undefined)
    for (const other of more) errors.push(fieldForbidden(`${at}.${other}`, 'may not specify more than 1 volume type'))
    checkProjection(source, at, errors)
    for (const path of pathsOf(source)) {
      if (paths.has(path)) errors.push(fieldInvalid(at, path, 'conflicting duplicate paths'))
      paths.add(path)
    }
  })
}

function pathsOf({ secret, configMap, downwardAPI, serviceAccountToken }: Wire<VolumeProjection>): string[] {
  const items = [...(secret?.items ?? []), ...(configMap?.items ?? []), ...(downwardAPI?.items ?? [])]
  return [...items.map(({ path }) => path), serviceAccountToken?.path].filter((path) => path !== undefined)
}

function checkProjection(source: Wire<VolumeProjection>, field: string, errors: FieldError[]): void {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
  if (secret) {
    if (!secret.name) errors.push(fieldRequired(`${field}.secret.name`))
    checkItems({ items: secret.items }, `${field}.secret`, errors)
  }
  if (configMap) {
    if (!configMap.name) errors.push(fieldRequired(`${field}.configMap.name`))
    checkItems({ items: configMap.items }, `${field}.configMap`, errors)
  }
  checkDownwardItems(downwardAPI?.items, `${field}.downwardAPI`, errors)
  if (!token) return
  const at = `${field}.serviceAccountToken`
  const seconds = token.expirationSeconds ?? 0
  if (seconds < 600)
    errors.push(fieldInvalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'))
  if (seconds > 2 ** 32)
    errors.push(fieldInvalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'))
  if (!token.path) errors.push(fieldRequired(`${at}.path`))
  else checkLocalPath(token.path, `${at}.path`, errors)
}

/** Validates a path inside a volume: relative, without `..`. */
export function checkDescendingPath(path: string, field: string, errors: FieldError[]): void {
  if (path.startsWith('/')) errors.push(fieldInvalid(field, path, 'must be a relative path'))
  if (path.split('/').includes('..')) errors.push(fieldInvalid(field, path, "must not contain '..'"))
}

/** Names that start with two dots are reserved for the kubelet. */
function checkLocalPath(path: string, field: string, errors: FieldError[]): void {
  checkDescendingPath(path, field, errors)
  if (path.startsWith('..') && !path.startsWith('../'))
    errors.push(fieldInvalid(field, path, "must not start with '..'"))
}

function checkMode(mode: number | undefined, field: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    errors.push(fieldInvalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive'))
}
