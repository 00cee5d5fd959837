import type {
  DownwardAPIVolumeFile,
  HostPathVolumeSource,
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
import type { Wire } from '../api/wire.ts'

/** Validates the volumes of a pod. @returns their names */
export function checkVolumes(volumes: readonly Wire<Volume>[], field: string, errors: FieldError[]): Set<string> {
  const names = new Set<string>()
  volumes.forEach((volume, i) => {
    const at = `${field}[${i}]`
    const name = volume.name ?? ''
    if (name === '') errors.push(fieldRequired(`${at}.name`))
    else addInvalid(labelProblems(name), name, `${at}.name`, errors)
    if (names.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
    names.add(name)
    checkSource(volume, at, errors)
  })
  return names
}

function checkSource(volume: Wire<Volume>, field: string, errors: FieldError[]): void {
  const [source, ...more] = Object.keys(volume).filter((name) => name !== 'name')
  if (source === undefined) errors.push(fieldRequired(field, 'must specify a volume type'))
  for (const other of more) errors.push(fieldForbidden(`${field}.${other}`, 'may not specify more than 1 volume type'))
  const { emptyDir, hostPath, secret, configMap, downwardAPI, projected, persistentVolumeClaim, ephemeral, nfs } =
    volume
  if (emptyDir?.sizeLimit && compareQuantities(emptyDir.sizeLimit, '0') < 0)
    errors.push(fieldForbidden(`${field}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
  if (hostPath) checkHostPath(hostPath, `${field}.hostPath`, errors)
  if (secret) {
    if (!secret.secretName) errors.push(fieldRequired(`${field}.secret.secretName`))
    checkItems(secret, `${field}.secret`, errors)
  }
  if (configMap) {
    if (!configMap.name) errors.push(fieldRequired(`${field}.configMap.name`))
    checkItems(configMap, `${field}.configMap`, errors)
  }
  if (downwardAPI) {
    checkMode(downwardAPI.defaultMode, `${field}.downwardAPI.defaultMode`, errors)
    checkDownwardItems(downwardAPI.items, `${field}.downwardAPI`, errors)
  }
  if (projected) checkProjected(projected, `${field}.projected`, errors)
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName)
    errors.push(fieldRequired(`${field}.persistentVolumeClaim.claimName`))
  if (ephemeral) {
    const at = `${field}.ephemeral.volumeClaimTemplate`
    if (!ephemeral.volumeClaimTemplate) errors.push(fieldRequired(at))
    else checkClaimSpec(ephemeral.volumeClaimTemplate.spec ?? {}, `${at}.spec`, errors)
  }
  if (nfs) {
    if (!nfs.server) errors.push(fieldRequired(`${field}.nfs.server`))
    if (!nfs.path) errors.push(fieldRequired(`${field}.nfs.path`))
    else if (!nfs.path.startsWith('/'))
      errors.push(fieldInvalid(`${field}.nfs.path`, nfs.path, 'must be an absolute path'))
  }
  if (volume.csi && !volume.csi.driver) errors.push(fieldRequired(`${field}.csi.driver`))
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

function checkHostPath({ path, type }: Wire<HostPathVolumeSource>, field: string, errors: FieldError[]): void {
  if (!path) errors.push(fieldRequired(`${field}.path`))
  else if (path.split('/').includes('..')) errors.push(fieldInvalid(`${field}.path`, path, "must not contain '..'"))
  checkSupported(type, hostPathTypes, `${field}.type`, errors)
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
    const [first, ...more] = projections.filter((name) => source[name] !== undefined)
    if (first === undefined) errors.push(fieldRequired(at, 'must specify a volume type'))
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
