import { stringify } from 'yaml'
import { parseExact } from '#shared/kube/exact-json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { inPromoteOrder } from '#shared/kube/transfer/order.ts'
import { staysBehind } from '#shared/kube/transfer/stays.ts'
import { stripped } from '#shared/kube/transfer/strip.ts'

export interface ExportOptions {
  /** All but those of the cluster itself (`kube-*`) when unset. */
  namespaces?: readonly string[] | undefined
  /** Whether Secrets are part of it, in the clear. */
  secrets: boolean
}

export interface Exported {
  /** YAML documents in the order in which they are applied. */
  manifests: string
  objects: number
  /** Secrets that were left out, as `namespace/name`. */
  withheld: string[]
}

/**
 * What users have made in a cluster, as manifests for another one: without what the cluster itself makes or has given them.
 * Objects of namespaces alone where namespaces are named, else those of the cluster, too.
 */
export function exportManifests(
  objects: Iterable<{ json: Uint8Array | string }>,
  { namespaces, secrets }: ExportOptions,
): Exported {
  const planned: { body: KubeObject }[] = []
  const withheld: string[] = []
  for (const { json } of objects) {
    const object = parseExact(json.toString()) as KubeObject
    const { namespace, name = '' } = object.metadata
    const kind = object.kind ?? ''
    if (!isWanted(object, namespaces) || isOfCluster(object)) continue
    if (kind === 'Secret' && object.apiVersion === 'v1' && !secrets) {
      withheld.push(`${namespace ?? ''}/${name}`)
      continue
    }
    const home = namespace ?? ''
    planned.push({ body: asWritten(stripped(object, { from: home, to: home })) })
  }
  const documents = inPromoteOrder(planned).sort((a, b) => early(a.body) - early(b.body))
  return {
    manifests: documents
      .map(({ body }) => stringify(body, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n'),
    objects: documents.length,
    withheld: withheld.sort(),
  }
}

/** As people write it: what it is comes first. The API server gives namespaces a label and a finalizer of their own. */
function asWritten({ apiVersion = '', kind = '', metadata, ...rest }: KubeObject): KubeObject {
  if (kind !== 'Namespace') return { apiVersion, kind, metadata, ...rest }
  const { 'kubernetes.io/metadata.name': _own, ...labels } = metadata.labels ?? {}
  const { labels: _labels, ...others } = metadata
  return { apiVersion, kind, metadata: { ...others, ...(Object.keys(labels).length > 0 ? { labels } : {}) } }
}

/** Definitions come before objects of their kinds, and those of the cluster before those of namespaces. */
const early = ({ kind, metadata }: KubeObject): number =>
  kind === 'CustomResourceDefinition' ? 0 : kind === 'Namespace' ? 1 : metadata.namespace === undefined ? 2 : 3

function isWanted({ kind, metadata: { namespace, name = '' } }: KubeObject, namespaces?: readonly string[]): boolean {
  const home = namespace ?? (kind === 'Namespace' ? name : undefined)
  if (namespaces) return home !== undefined && namespaces.includes(home)
  return home === undefined || !home.startsWith('kube-')
}

/** Kinds that say something of this cluster and its machines alone. */
const ownKinds = new Set([
  'Node',
  'PersistentVolume',
  'CertificateSigningRequest',
  'CSINode',
  'VolumeAttachment',
  'VolumeSnapshotContent',
  'ResourceSlice',
  'ServiceCIDR',
  'IPAddress',
  'ComponentStatus',
])
/** Groups whose definitions every cluster of Slipway has. */
const ownGroups = ['snapshot.storage.k8s.io', 'gateway.networking.k8s.io']

/** Whether the cluster makes it itself. */
function isOfCluster(object: KubeObject): boolean {
  const { apiVersion = '', kind = '', metadata } = object
  const { name = '', labels = {}, annotations = {} } = metadata
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  if (staysBehind(object, { group, kind } as Parameters<typeof staysBehind>[1]) || ownKinds.has(kind)) return true
  if (kind === 'Namespace') return name === 'default' || name.startsWith('kube-')
  if (kind === 'Service' && metadata.namespace === 'default' && name === 'kubernetes') return true
  if (metadata.namespace !== undefined) return false
  if ('kubernetes.io/bootstrapping' in labels || 'apf.kubernetes.io/autoupdate-spec' in annotations) return true
  if (name.startsWith('system:') || name.startsWith('system-') || name.startsWith('slipway')) return true
  if (kind === 'CustomResourceDefinition') return ownGroups.some((own) => name.endsWith(`.${own}`))
  if (kind === 'APIService') return !(object as { spec?: { service?: unknown } }).spec?.service
  return ['StorageClass', 'VolumeSnapshotClass'].includes(kind) && name === 'standard'
}
