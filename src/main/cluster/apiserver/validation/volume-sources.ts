import type {
  AzureDiskVolumeSource,
  CSIPersistentVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PersistentVolumeSpec,
  QuobyteVolumeSource,
  SecretReference,
  StorageOSVolumeSource,
} from '#shared/kube/generated/types.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  type FieldError,
} from '#shared/kube/status.ts'
import { labelProblems, rangeProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Wire } from '../api/wire.ts'
import { addInvalid, checkSupported } from './fields.ts'

/**
 * Validates where a volume comes from: the sources that pods and PersistentVolumes share, one rule for each. Of several
 * sources Kubernetes checks the first one in its own order and forbids the others.
 */

/** The part of a volume that names sources; pods and PersistentVolumes each have some of their own. */
export type Sources = Wire<PersistentVolumeSpec>

/** Checks one source. @param persistent whether it belongs to a PersistentVolume rather than to a pod */
export type SourceCheck<S> = (sources: S, field: string, errors: FieldError[], persistent: boolean) => void

/** Forbids every source but the first, which it checks with its rule. @returns the names of the sources given */
export function checkOneSource<S extends object>(
  sources: S,
  checks: Readonly<Record<string, SourceCheck<S>>>,
  field: string,
  persistent: boolean,
  errors: FieldError[],
): void {
  const given = Object.keys(checks).filter((name) => (sources as Record<string, unknown>)[name] !== undefined)
  const [first, ...more] = given
  if (first === undefined) errors.push(fieldRequired(field, 'must specify a volume type'))
  else checks[first]?.(sources, `${field}.${first}`, errors, persistent)
  for (const other of more) errors.push(fieldForbidden(`${field}.${other}`, 'may not specify more than 1 volume type'))
}

/** A rule for a source that needs no more than some fields. */
const needs =
  (...fields: string[]): SourceCheck<Sources> =>
  (sources, field, errors) => {
    const source = (sources as Record<string, Record<string, unknown> | undefined>)[field.split('.').at(-1) ?? ''] ?? {}
    for (const name of fields) {
      const value = source[name]
      if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
        errors.push(fieldRequired(`${field}.${name}`))
    }
  }

const disk =
  (id: string): SourceCheck<Sources> =>
  (sources, field, errors, persistent) => {
    needs(id)(sources, field, errors, persistent)
    const partition = (sources.awsElasticBlockStore ?? sources.gcePersistentDisk)?.partition ?? 0
    // Zero means no partition, which the text leaves out.
    if (partition < 0 || partition > 255)
      addInvalid(rangeProblems(partition, 1, 255), partition, `${field}.partition`, errors)
  }

/** Rules of the sources that pods have too, in Kubernetes' order for PersistentVolumes. */
export const volumeSources = {
  hostPath: ({ hostPath = {} }, field, errors) => {
    checkHostPath(hostPath, field, errors)
  },
  gcePersistentDisk: disk('pdName'),
  awsElasticBlockStore: disk('volumeID'),
  glusterfs: (sources, field, errors, persistent) => {
    needs('endpoints', 'path')(sources, field, errors, persistent)
    const namespace = persistent ? sources.glusterfs?.endpointsNamespace : undefined
    if (namespace !== undefined) addInvalid(labelProblems(namespace), namespace, `${field}.endpointsNamespace`, errors)
  },
  nfs: ({ nfs = {} }, field, errors) => {
    checkNfs(nfs, field, errors)
  },
  rbd: needs('monitors', 'image'),
  quobyte: ({ quobyte = {} }, field, errors) => {
    checkQuobyte(quobyte, field, errors)
  },
  cephfs: needs('monitors'),
  iscsi: ({ iscsi = {} }, field, errors, persistent) => {
    checkIscsi(iscsi, field, errors, persistent)
  },
  cinder: (sources, field, errors, persistent) => {
    needs('volumeID')(sources, field, errors, persistent)
    checkSecret(sources.cinder?.secretRef, persistent, field, errors)
  },
  fc: ({ fc = {} }, field, errors) => {
    checkFibreChannel(fc, field, errors)
  },
  flocker: ({ flocker = {} }, field, errors) => {
    checkFlocker(flocker, field, errors)
  },
  azureFile: (sources, field, errors, persistent) => {
    needs('secretName', 'shareName')(sources, field, errors, persistent)
    if (persistent && sources.azureFile?.secretNamespace === '') errors.push(fieldRequired(`${field}.secretNamespace`))
  },
  vsphereVolume: needs('volumePath'),
  photonPersistentDisk: needs('pdID'),
  portworxVolume: needs('volumeID'),
  azureDisk: ({ azureDisk = {} }, field, errors) => {
    checkAzureDisk(azureDisk, field, errors)
  },
  scaleIO: needs('gateway', 'system', 'volumeName'),
  storageos: ({ storageos = {} }, field, errors, persistent) => {
    checkStorageOs(storageos, persistent, field, errors)
  },
  flexVolume: (sources, field, errors, persistent) => {
    needs('driver')(sources, field, errors, persistent)
    for (const key of Object.keys(sources.flexVolume?.options ?? {})) {
      const prefix = key.toLowerCase().split('/')[0] ?? ''
      if (/(^|\.)(kubernetes|k8s)\.io$/.test(prefix))
        errors.push(fieldInvalid(`${field}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'))
    }
  },
} satisfies Record<string, SourceCheck<Sources>>

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
  checkPath(path, `${field}.path`, errors)
  checkSupported(type, hostPathTypes, `${field}.type`, errors)
}

/** Validates a required path without `..`. */
export function checkPath(path: string | undefined, field: string, errors: FieldError[]): void {
  if (!path) errors.push(fieldRequired(field))
  else if (path.split('/').includes('..')) errors.push(fieldInvalid(field, path, "must not contain '..'"))
}

function checkNfs({ server, path }: Wire<NFSVolumeSource>, field: string, errors: FieldError[]): void {
  if (!server) errors.push(fieldRequired(`${field}.server`))
  if (!path) errors.push(fieldRequired(`${field}.path`))
  else if (!path.startsWith('/')) errors.push(fieldInvalid(`${field}.path`, path, 'must be an absolute path'))
}

function checkQuobyte(
  { registry, tenant = '', volume }: Wire<QuobyteVolumeSource>,
  field: string,
  errors: FieldError[],
): void {
  const wanted = 'must be a host:port pair or multiple pairs separated by commas'
  if (!registry) errors.push(fieldRequired(`${field}.registry`, wanted))
  else if (tenant.length >= 65)
    errors.push(fieldRequired(`${field}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'))
  else
    for (const pair of registry.split(','))
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) errors.push(fieldInvalid(`${field}.registry`, registry, wanted))
  if (!volume) errors.push(fieldRequired(`${field}.volume`))
}

const iscsiNames = [
  /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/,
  /^eui.[A-Za-z0-9]{16}$/,
  /^naa.[A-Za-z0-9]{32}$/,
]

function checkIscsi(source: Wire<ISCSIVolumeSource>, field: string, errors: FieldError[], persistent: boolean): void {
  const { targetPortal, iqn, lun = 0, initiatorName, secretRef, chapAuthDiscovery, chapAuthSession } = source
  const isValid = (name: string): boolean => iscsiNames.some((pattern) => pattern.test(name))
  if (!targetPortal) errors.push(fieldRequired(`${field}.targetPortal`))
  if (!iqn) errors.push(fieldRequired(`${field}.iqn`))
  else if (!persistent && !/^(?:iqn|eui|naa)/.test(iqn))
    errors.push(fieldInvalid(`${field}.iqn`, iqn, 'must be valid format starting with iqn, eui, or naa'))
  else if (!isValid(iqn)) errors.push(fieldInvalid(`${field}.iqn`, iqn, 'must be valid format'))
  addInvalid(rangeProblems(lun, 0, 255), lun, `${field}.lun`, errors)
  if ((chapAuthDiscovery || chapAuthSession) && !secretRef) errors.push(fieldRequired(`${field}.secretRef`))
  if (secretRef && !secretRef.name) errors.push(fieldRequired(`${field}.secretRef.name`))
  // Kubernetes writes this field in lower case.
  if (initiatorName !== undefined && !isValid(initiatorName))
    errors.push(fieldInvalid(`${field}.initiatorname`, initiatorName, 'must be valid format'))
}

function checkFibreChannel(
  { targetWWNs = [], wwids = [], lun }: Wire<FCVolumeSource>,
  field: string,
  errors: FieldError[],
): void {
  const either = 'must specify either targetWWNs or wwids, but not both'
  if (targetWWNs.length === 0 && wwids.length === 0) errors.push(fieldRequired(`${field}.targetWWNs`, either))
  if (targetWWNs.length > 0 && wwids.length > 0) errors.push(fieldInvalid(`${field}.targetWWNs`, targetWWNs, either))
  if (targetWWNs.length === 0) return
  if (lun === undefined) errors.push(fieldRequired(`${field}.lun`, 'lun is required if targetWWNs is specified'))
  else addInvalid(rangeProblems(lun, 0, 255), lun, `${field}.lun`, errors)
}

function checkFlocker(
  { datasetName, datasetUUID }: Wire<FlockerVolumeSource>,
  field: string,
  errors: FieldError[],
): void {
  if (!datasetName && !datasetUUID) errors.push(fieldRequired(field, 'one of datasetName and datasetUUID is required'))
  if (datasetName && datasetUUID)
    errors.push(fieldInvalid(field, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  if (datasetName?.includes('/')) errors.push(fieldInvalid(`${field}.datasetName`, datasetName, "must not contain '/'"))
}

const managedDisk = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

function checkAzureDisk(source: Wire<AzureDiskVolumeSource>, field: string, errors: FieldError[]): void {
  const { diskName, diskURI = '', cachingMode, kind } = source
  if (!diskName) errors.push(fieldRequired(`${field}.diskName`))
  if (!diskURI) errors.push(fieldRequired(`${field}.diskURI`))
  checkSupported(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], `${field}.cachingMode`, errors)
  checkSupported(kind, ['Dedicated', 'Managed', 'Shared'], `${field}.kind`, errors)
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
    errors.push(fieldNotSupported(`${field}.diskURI`, diskURI, [managedDisk]))
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
    errors.push(fieldNotSupported(`${field}.diskURI`, diskURI, [blobDisk]))
}

function checkStorageOs(
  { volumeName, volumeNamespace, secretRef }: Wire<StorageOSVolumeSource>,
  persistent: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (!volumeName) errors.push(fieldRequired(`${field}.volumeName`))
  else addInvalid(labelProblems(volumeName), volumeName, `${field}.volumeName`, errors)
  if (volumeNamespace) addInvalid(labelProblems(volumeNamespace), volumeNamespace, `${field}.volumeNamespace`, errors)
  checkSecret(secretRef, persistent, field, errors)
}

/** A pod refers to a secret beside it, a PersistentVolume names its namespace too. */
function checkSecret(
  secret: Wire<SecretReference> | undefined,
  persistent: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (!secret) return
  if (!secret.name) errors.push(fieldRequired(`${field}.secretRef.name`))
  if (persistent && !secret.namespace) errors.push(fieldRequired(`${field}.secretRef.namespace`))
}

/** Validates the CSI source of a PersistentVolume. */
export function checkCsiSource(source: Wire<CSIPersistentVolumeSource>, field: string, errors: FieldError[]): void {
  checkCsiDriverName(source.driver, `${field}.driver`, errors)
  if (!source.volumeHandle) errors.push(fieldRequired(`${field}.volumeHandle`))
  for (const name of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const) {
    const secret = source[name]
    if (!secret) continue
    const at = `${field}.${name}`
    if (!secret.name) errors.push(fieldRequired(`${at}.name`))
    else addInvalid(subdomainProblems(secret.name), secret.name, `${at}.name`, errors)
    if (!secret.namespace) errors.push(fieldRequired(`${at}.namespace`))
    else addInvalid(labelProblems(secret.namespace), secret.namespace, `${at}.namespace`, errors)
  }
}

/** Validates the name of a CSI driver: a subdomain, also in upper case, of at most 63 characters. */
export function checkCsiDriverName(name: string | undefined, field: string, errors: FieldError[]): void {
  if (!name) {
    errors.push(fieldRequired(field))
    return
  }
  if (name.length > 63) errors.push(fieldTooLong(field, 63))
  addInvalid(subdomainProblems(name.toLowerCase()), name, field, errors)
}
