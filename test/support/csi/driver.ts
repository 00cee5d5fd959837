import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { protos } from './protocol.ts'
import { serve, type Handlers } from './serve.ts'

export interface TestDriverOptions {
  name: string
  nodeId: string
  /** Path of the driver's socket, and of its registration's. */
  socket: string
  registration?: string
  /** The driver's socket as the kubelet sees it; `socket` when unset. */
  endpoint?: string
  /** Where the data of volumes is; shared by all nodes. */
  data: string
  bind(source: string, target: string): Promise<void>
  unbind(target: string): Promise<void>
  /** The condition that it tells of every volume. */
  condition?(): { abnormal: boolean; message: string }
}

/** A call that was made of the driver. */
export interface DriverCall {
  method: string
  request: Record<string, unknown>
}

/**
 * A CSI driver of the tests: identity, controller and node service over a unix socket, volumes as folders. It registers
 * itself with the kubelet as node-driver-registrar does for others.
 */
export async function startTestDriver(
  options: TestDriverOptions,
): Promise<{ calls: DriverCall[]; registered: unknown[]; stop(): void }> {
  const { name, nodeId, socket, registration, data, bind, unbind } = options
  const calls: DriverCall[] = []
  const registered: unknown[] = []
  const text = (value: unknown): string => String(value)
  const folder = (id: unknown): string => join(data, text(id))
  const noted = (handlers: Handlers): Handlers =>
    Object.fromEntries(
      Object.entries(handlers).map(([method, handler]) => [
        method,
        (request: Record<string, unknown>) => {
          calls.push({ method, request })
          return handler(request)
        },
      ]),
    )
  const capabilities = ['STAGE_UNSTAGE_VOLUME', 'EXPAND_VOLUME', 'GET_VOLUME_STATS', 'VOLUME_CONDITION']
  const node = noted({
    NodeGetInfo: () => ({
      node_id: nodeId,
      max_volumes_per_node: 7,
      accessible_topology: { segments: { 'topology.csi.test/node': nodeId } },
    }),
    NodeGetCapabilities: () => ({ capabilities: capabilities.map((type) => ({ rpc: { type } })) }),
    async NodeStageVolume({ volume_id, staging_target_path }) {
      await bind(folder(volume_id), text(staging_target_path))
      return {}
    },
    async NodeUnstageVolume({ staging_target_path }) {
      await unbind(text(staging_target_path))
      return {}
    },
    async NodePublishVolume({ volume_id, target_path, staging_target_path, volume_context }) {
      const { 'csi.storage.k8s.io/ephemeral': ephemeral } = volume_context as Record<string, string>
      if (ephemeral === 'true') await mkdir(folder(volume_id), { recursive: true })
      const target = text(target_path)
      if (existsSync(target)) return {}
      await mkdir(target)
      await bind(ephemeral === 'true' ? folder(volume_id) : text(staging_target_path), target)
      await writeFile(join(folder(volume_id), 'context.json'), JSON.stringify(volume_context))
      return {}
    },
    async NodeUnpublishVolume({ target_path, volume_id }) {
      await unbind(text(target_path))
      if (text(volume_id).startsWith('csi-')) await rm(folder(volume_id), { recursive: true, force: true })
      return {}
    },
    NodeGetVolumeStats: () => ({ volume_condition: options.condition?.() ?? { abnormal: false, message: 'fine' } }),
    async NodeExpandVolume({ volume_id, capacity_range }) {
      const { required_bytes } = capacity_range as { required_bytes: number }
      await writeFile(join(folder(volume_id), 'size'), String(required_bytes))
      return { capacity_bytes: required_bytes }
    },
  })
  const controller = noted({
    async CreateVolume({ name: id, capacity_range }) {
      await mkdir(folder(id), { recursive: true })
      const { required_bytes } = capacity_range as { required_bytes: number }
      return { volume: { volume_id: id, capacity_bytes: required_bytes, volume_context: { made: 'by test' } } }
    },
    async DeleteVolume({ volume_id }) {
      await rm(folder(volume_id), { recursive: true, force: true })
      return {}
    },
    async ControllerPublishVolume({ volume_id, node_id }) {
      const to = join(folder(volume_id), 'attached-to')
      const other = await readFile(to, 'utf8').catch(() => '')
      if (other && other !== node_id) throw Object.assign(new Error(`attached to ${other}`), { code: 9 })
      await writeFile(to, text(node_id))
      return { publish_context: { device: `disk-${text(volume_id)}` } }
    },
    async ControllerUnpublishVolume({ volume_id }) {
      await rm(join(folder(volume_id), 'attached-to'), { force: true })
      return {}
    },
    ControllerExpandVolume: ({ capacity_range }) => ({
      capacity_bytes: (capacity_range as { required_bytes: number }).required_bytes,
      node_expansion_required: true,
    }),
  })
  await mkdir(dirname(socket), { recursive: true })
  const stops = [
    await serve(socket, [
      { proto: protos.csi, name: 'csi.v1.Node', handlers: node },
      { proto: protos.csi, name: 'csi.v1.Controller', handlers: controller },
    ]),
  ]
  if (registration !== undefined)
    stops.push(
      await serve(registration, [
        {
          proto: protos.registration,
          name: 'pluginregistration.Registration',
          handlers: {
            GetInfo: () => ({
              type: 'CSIPlugin',
              name,
              endpoint: options.endpoint ?? socket,
              supported_versions: ['1.0.0'],
            }),
            NotifyRegistrationStatus(status) {
              registered.push(status)
              return {}
            },
          },
        },
      ]),
    )
  return {
    calls,
    registered,
    stop() {
      for (const stop of stops) stop()
    },
  }
}
