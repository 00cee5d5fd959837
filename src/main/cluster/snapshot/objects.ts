import { randomUUID } from 'node:crypto'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import type { Node, PersistentVolume, Pod, Secret } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'

/** An object as the store has it. */
export interface SavedObject {
  /** `/registry/<group or core>/<resource>/[<namespace>/]<name>` */
  key: string
  revision: number
  json: string
}

/** One object per line: revision, key and JSON, parted by tabs, of which none of them has any. */
export function* objectLines(objects: Iterable<{ key: string; revision: number; json: Uint8Array }>): Iterable<Buffer> {
  for (const { key, revision, json } of objects)
    yield Buffer.concat([Buffer.from(`${revision}\t${key}\t`), json, Buffer.from('\n')])
}

/** @throws Error where a line is none of `objectLines` */
export async function* readObjectLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<SavedObject> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk])
    let from = 0
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, from)) {
      yield parseLine(rest.toString('utf8', from, end))
      from = end + 1
    }
    rest = rest.subarray(from)
  }
  if (rest.length > 0) throw new Error('the last object is cut short')
}

function parseLine(line: string): SavedObject {
  const [revision = '', key = ''] = line.split('\t', 2)
  if (!/^\d+$/.test(revision) || !key.startsWith('/registry/')) throw new Error('a line is no object')
  return { key, revision: Number(revision), json: line.slice(revision.length + key.length + 2) }
}

/** Where objects are restored to. */
export interface Target {
  /** The new name of each worker that the objects speak of; a worker without one is gone. */
  workers: ReadonlyMap<string, string>
  /** Whether the target has other keys than the cluster that the objects are of: its own tokens are issued anew. */
  hasNewKeys: boolean
}

/**
 * The object as it begins in the target; undefined for what the target makes itself. Nothing runs yet: pods of controllers are
 * made anew by those, pods without one are scheduled anew, and what says which worker is alive, has which drivers or which
 * volume attached is gone. What has ended stays ended.
 */
export function restored(saved: SavedObject, target: Target): SavedObject | undefined {
  const resource = saved.key.split('/').slice(2, 4).join('/')
  const change = changes[resource]
  if (change === undefined) return saved
  if (change === 'drop') return undefined
  const object = change(parseExact(saved.json) as KubeObject, target)
  if (!object) return undefined
  const name = object.metadata.name ?? ''
  return { ...saved, key: `${saved.key.slice(0, saved.key.lastIndexOf('/'))}/${name}`, json: JSON.stringify(object) }
}

type ChangeOf = (object: KubeObject, target: Target) => KubeObject | undefined

const changes: Readonly<Record<string, 'drop' | ChangeOf>> = {
  'core/pods': (object, target) => restoredPod(object, target),
  'core/nodes': (object, target) => restoredNode(object, target),
  'core/secrets': (object, target) => restoredSecret(object, target),
  'core/persistentvolumes': (object, target) => movedVolume(object, target),
  'coordination.k8s.io/leases': (object) => (object.metadata.namespace === 'kube-node-lease' ? undefined : object),
  'storage.k8s.io/csinodes': 'drop',
  'storage.k8s.io/volumeattachments': 'drop',
  'resource.k8s.io/resourceslices': 'drop',
}

function restoredPod(pod: Pod, { workers }: Target): KubeObject | undefined {
  const { metadata, spec } = pod
  if (metadata?.deletionTimestamp || metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return undefined
  const node = spec?.nodeName
  const moved = node === undefined ? undefined : workers.get(node)
  if (isPodTerminal(pod))
    return node === undefined || moved !== undefined ? asObject({ ...pod, spec: withNode(pod, moved) }) : undefined
  if (metadata?.ownerReferences?.some(({ controller }) => controller === true)) return undefined
  const status = { phase: 'Pending', ...(pod.status?.qosClass ? { qosClass: pod.status.qosClass } : {}) }
  return asObject({ ...pod, metadata: { ...metadata, uid: randomUUID() }, spec: withNode(pod, undefined), status })
}

function withNode({ spec }: Pod, node: string | undefined): Pod['spec'] {
  if (!spec) return spec
  const { nodeName: _before, ...rest } = spec
  return node === undefined ? rest : { ...rest, nodeName: node }
}

const hostname = 'kubernetes.io/hostname'

/** Keeps labels, annotations and taints of its user. A worker that stays the same is known by its uid. */
function restoredNode(node: Node, { workers }: Target): KubeObject | undefined {
  const before = node.metadata?.name ?? ''
  const name = workers.get(before)
  if (name === undefined) return undefined
  if (name === before) return asObject(node)
  const labels = { ...node.metadata?.labels, [hostname]: name }
  return asObject({ ...node, metadata: { ...node.metadata, name, uid: randomUUID(), labels } })
}

/** Tokens and authority of other keys are of no use; the controllers fill such a Secret again. */
function restoredSecret(secret: Secret, { hasNewKeys }: Target): KubeObject {
  if (!hasNewKeys || secret.type !== 'kubernetes.io/service-account-token') return asObject(secret)
  const { data: _data, ...rest } = secret
  return asObject(rest)
}

/** Volumes that are tied to a worker follow it. */
function movedVolume(volume: PersistentVolume, { workers }: Target): KubeObject {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms
  if (!terms) return asObject(volume)
  for (const expression of terms.flatMap(({ matchExpressions }) => matchExpressions ?? []))
    if (expression.key === hostname && expression.values)
      expression.values = expression.values.map((value) => workers.get(value) ?? value)
  return asObject(volume)
}

const asObject = (object: object): KubeObject => object as KubeObject
