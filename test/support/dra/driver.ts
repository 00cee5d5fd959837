import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { registrationProto } from '#agent/kubelet/csi/protocol.ts'
import { draPackage, draProto, type ClaimMessage, type DraService } from '#agent/kubelet/dra/protocol.ts'
import { serve } from '../csi/serve.ts'

export interface DeviceDriverOptions {
  name: string
  /** Path of the driver's socket, and of its registration's. */
  socket: string
  registration: string
  /** The driver's socket as the kubelet sees it; `socket` when unset. */
  endpoint?: string
  /** Where CDI specs are written. */
  cdi: string
  service?: DraService
  /** What it says that it speaks; `service` when unset. */
  versions?: string[]
  /** The devices of a claim, by request. @throws Error when the claim cannot be prepared */
  devicesOf(claim: ClaimMessage): Promise<AllocatedDevice[]> | AllocatedDevice[]
}

export interface AllocatedDevice {
  request: string
  pool: string
  device: string
}

/**
 * A driver of devices that are none: a claim's containers get an environment variable for each device, a file of the
 * node's and a device node, by the Container Device Interface.
 */
export async function startDeviceDriver(
  options: DeviceDriverOptions,
): Promise<{ calls: string[]; registered: unknown[]; stop(): void }> {
  const { name, socket, registration, cdi, service = 'v1.DRAPlugin', devicesOf } = options
  const calls: string[] = []
  const registered: unknown[] = []
  const specOf = (uid: string): string => join(cdi, `${name}-${uid}.json`)
  const each = async (
    method: string,
    claims: unknown,
    work: (claim: ClaimMessage) => Promise<object>,
  ): Promise<object> => {
    const answers: Record<string, object> = {}
    for (const claim of claims as ClaimMessage[]) {
      calls.push(`${method} ${claim.namespace}/${claim.name}`)
      answers[claim.uid] = await work(claim).catch((error: unknown) => ({ error: String(error) }))
    }
    return { claims: answers }
  }
  const stops = [
    await serve(socket, [
      {
        proto: draProto(service),
        name: `${draPackage(service)}.DRAPlugin`,
        handlers: {
          NodePrepareResources: ({ claims }) =>
            each('prepare', claims, async (claim) => {
              const devices = await devicesOf(claim)
              await mkdir(cdi, { recursive: true })
              await writeFile(specOf(claim.uid), JSON.stringify(cdiSpec(name, claim.uid, devices)))
              return {
                devices: devices.map(({ request, pool, device }) => ({
                  request_names: [request],
                  pool_name: pool,
                  device_name: device,
                  cdi_device_ids: [`${name}/device=${claim.uid}-${device}`],
                })),
              }
            }),
          NodeUnprepareResources: ({ claims }) =>
            each('unprepare', claims, async ({ uid }) => {
              await rm(specOf(uid), { force: true })
              return {}
            }),
        },
      },
    ]),
    await serve(registration, [
      {
        proto: registrationProto,
        name: 'pluginregistration.Registration',
        handlers: {
          GetInfo: () => ({
            type: 'DRAPlugin',
            name,
            endpoint: options.endpoint ?? socket,
            supported_versions: options.versions ?? [service],
          }),
          NotifyRegistrationStatus(status) {
            registered.push(status)
            return {}
          },
        },
      },
    ]),
  ]
  return { calls, registered, stop: () => stops.forEach((stop) => stop()) }
}

const cdiSpec = (driver: string, claim: string, devices: readonly AllocatedDevice[]): object => ({
  cdiVersion: '0.6.0',
  kind: `${driver}/device`,
  containerEdits: {
    env: [`CLAIM=${claim}`],
    mounts: [{ hostPath: '/etc/hostname', containerPath: '/device/node', options: ['ro', 'bind'] }],
  },
  devices: devices.map(({ device }) => ({
    name: `${claim}-${device}`,
    containerEdits: {
      env: [`DEVICE_${device.replaceAll('-', '_').toUpperCase()}=ready`],
      deviceNodes: [{ path: `/dev/${device}`, hostPath: '/dev/null' }],
    },
  })),
})
