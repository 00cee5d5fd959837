import type { Client } from '#shared/client/client.ts'
import { isAlreadyExists, isConflict, undefinedIfMissing } from '#shared/kube/error-kinds.ts'
import type { CSINode, CSINodeDriver } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Named } from '#shared/kube/object.ts'
import { csiNodes, nodes } from '#shared/kube/resources.ts'
import { unixService } from './grpc.ts'
import type { Plugin, PluginHandler } from './plugin-watcher.ts'
import { csiProto, type NodeCalls, type NodeCapability } from './protocol.ts'

/** A registered CSI driver of this node. */
export interface CsiDriver {
  name: string
  /** What the driver calls this node. */
  nodeId: string
  capabilities: ReadonlySet<NodeCapability>
  /** @throws RpcFailed */
  call<Name extends keyof NodeCalls>(
    method: Name,
    request: NodeCalls[Name]['request'],
  ): Promise<NodeCalls[Name]['answer']>
}

export interface CsiDrivers {
  readonly handler: PluginHandler
  /** Undefined while no driver of this name is registered. */
  get(name: string): CsiDriver | undefined
  /** Creates the node's CSINode unless it is there (kubelet: InitializeCSINodeWithAnnotation). */
  announce(): Promise<void>
}

/** Longest time of one call, ms (kubelet: csiTimeout). */
const timeoutMs = 120_000
const nodeIds = 'csi.volume.kubernetes.io/nodeid'

const nodeService = unixService<NodeCalls>(csiProto, 'csi.v1.Node')

/** The CSI drivers of this node, told in its CSINode, annotation and labels (pkg/volume/csi, nodeinfomanager). */
export function createCsiDrivers({
  client,
  nodeName,
  onRegistered,
}: {
  client: Client
  nodeName: string
  /** Pods that wait for the driver can go on. */
  onRegistered?(): void
}): CsiDrivers {
  const drivers = new Map<string, CsiDriver & { endpoint: string }>()

  async function register({ name, endpoint, versions }: Plugin): Promise<void> {
    if (!versions.some((version) => /^v?1\./.test(version)))
      throw new Error(`none of the CSI versions reported by this driver are supported: ${versions.join(', ')}`)
    const call: CsiDriver['call'] = (method, request) => nodeService.call(endpoint, method, request, timeoutMs)
    const [info, { capabilities }] = await Promise.all([call('NodeGetInfo', {}), call('NodeGetCapabilities', {})])
    const segments = info.accessible_topology?.segments ?? {}
    const driver: CSINodeDriver = {
      name,
      nodeID: info.node_id,
      topologyKeys: Object.keys(segments).sort(),
      ...(info.max_volumes_per_node > 0 ? { allocatable: { count: info.max_volumes_per_node } } : {}),
    }
    await tellNode(driver, segments)
    await changeCsiNode(client, nodeName, (others) => [...others.filter((other) => other.name !== name), driver])
    drivers.set(name, {
      name,
      nodeId: info.node_id,
      endpoint,
      call,
      capabilities: new Set(capabilities.flatMap(({ rpc }) => rpc?.type ?? [])),
    })
    onRegistered?.()
  }

  async function deregister({ name, endpoint }: Plugin): Promise<void> {
    // Its successor is registered on another socket.
    if (drivers.get(name)?.endpoint !== endpoint) return
    drivers.delete(name)
    await changeCsiNode(client, nodeName, (others) => others.filter((other) => other.name !== name))
    await annotate((ids) => {
      const { [name]: _, ...left } = ids
      return left
    })
  }

  /** @throws Error for a label of the node that another driver or an administrator has set otherwise */
  async function tellNode({ name, nodeID }: CSINodeDriver, segments: Record<string, string>): Promise<void> {
    const node = await client.get(nodes, { name: nodeName })
    for (const [key, value] of Object.entries(segments)) {
      const present = node.metadata.labels?.[key]
      if (present !== undefined && present !== value)
        throw new Error(
          `detected topology value collision: driver reported "${key}":"${value}" but existing label is "${key}":"${present}"`,
        )
    }
    await annotate((ids) => ({ ...ids, [name]: nodeID }), segments)
  }

  async function annotate(
    change: (ids: Record<string, string>) => Record<string, string>,
    labels: Record<string, string> = {},
  ): Promise<void> {
    const node = await client.get(nodes, { name: nodeName })
    const before = readIds(node.metadata.annotations?.[nodeIds])
    const ids = change(before)
    const text = Object.keys(ids).length > 0 ? JSON.stringify(ids) : null
    const body = { metadata: { annotations: { [nodeIds]: text }, labels } }
    await client.patch(nodes, { name: nodeName }, { type: 'merge', body })
  }

  return {
    handler: { register, deregister },
    get: (name) => drivers.get(name),
    announce: () => changeCsiNode(client, nodeName, (present) => [...present]),
  }
}

function readIds(text: string | undefined): Record<string, string> {
  try {
    return JSON.parse(text ?? '{}') as Record<string, string>
  } catch {
    return {}
  }
}

const mostTries = 5

/** @throws ApiError when the API server refuses, or others write at each of our tries */
async function changeCsiNode(
  client: Client,
  name: string,
  change: (drivers: readonly CSINodeDriver[]) => CSINodeDriver[],
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const present = await client.get(csiNodes, { name }).catch(undefinedIfMissing)
    const drivers = change(present?.spec.drivers ?? [])
    if (present && jsonEqual(present.spec.drivers, drivers)) return
    try {
      if (!present) await client.create(csiNodes, await newCsiNode(client, name, drivers))
      // A driver's entry is immutable: a changed one goes before its successor comes.
      else if (
        present.spec.drivers.some((old) => drivers.some((next) => next.name === old.name && !jsonEqual(next, old)))
      )
        await replaceChanged(client, present, drivers)
      else await client.update(csiNodes, { ...present, spec: { drivers } })
      return
    } catch (error) {
      if (tries === mostTries || !(isConflict(error) || isAlreadyExists(error))) throw error
    }
  }
}

async function replaceChanged(client: Client, present: CSINode & Named, drivers: CSINodeDriver[]): Promise<void> {
  const same = present.spec.drivers.filter((old) => drivers.some((next) => jsonEqual(next, old)))
  const without = await client.update(csiNodes, { ...present, spec: { drivers: same } })
  await client.update(csiNodes, { ...without, spec: { drivers } })
}

async function newCsiNode(client: Client, name: string, drivers: CSINodeDriver[]): Promise<CSINode> {
  const { uid } = (await client.get(nodes, { name })).metadata
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
    spec: { drivers },
  }
}
