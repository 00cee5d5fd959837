import { constants } from 'node:fs'
import { open, readlink } from 'node:fs/promises'
import type { Container, Pod, Volume } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { HostPathRefused, openHostPath } from './files/host-path.ts'
import { BadContainerConfig } from './pod/container-plan.ts'
import { MapFailed } from './mount-failed.ts'
import type { DeviceNode } from './runtime/runtime.ts'
import { volumeFolder } from './volume-folders.ts'

/**
 * The block device at a path of this worker, links of root followed.
 * @returns its path @throws MapFailed where there is none, or this worker may not use it
 */
export async function blockDevice(path: string): Promise<string> {
  let device: string
  try {
    const { handle, names } = await openHostPath(path, 'BlockDevice', { links: 'owned' })
    await handle.close()
    device = `/${names.join('/')}`
  } catch (error) {
    throw error instanceof HostPathRefused ? new MapFailed(error.message) : error
  }
  try {
    await (await open(device, constants.O_RDONLY | constants.O_NONBLOCK)).close()
  } catch (error) {
    // The control group of the worker's container refuses it, whatever the node's mode.
    if (codeOf(error) === 'EPERM')
      throw new MapFailed(`this worker may not use ${path}: it has no devices of its machine`)
    throw new MapFailed(`${path} cannot be opened: ${codeOf(error)}`)
  }
  return device
}

/** @throws MapFailed for a volume that containers use in the other mode (kubelet: createVolumeSpec) */
export function requireUse({ spec }: Pod, { name }: Volume, isBlock: boolean): void {
  const containers: readonly Container[] = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const [mode, field] = isBlock ? (['Block', 'volumeMounts'] as const) : (['Filesystem', 'volumeDevices'] as const)
  if (containers.some((container) => container[field]?.some((use) => use.name === name)))
    throw new MapFailed(`volume ${name} has volumeMode ${mode}, but is specified in ${field}`)
}

/** The devices of a container, whose volumes have been set up. @throws BadContainerConfig */
export async function blockDevicesOf(root: string, pod: Stored<Pod>, container: Container): Promise<DeviceNode[]> {
  return Promise.all(
    (container.volumeDevices ?? []).map(async ({ name, devicePath }): Promise<DeviceNode> => {
      const volume = pod.spec?.volumes?.find((each) => each.name === name) ?? { name }
      const hostPath = await readlink(volumeFolder(root, pod.metadata.uid, volume)).catch(() => {
        throw new BadContainerConfig(`volume "${name}" of container "${container.name}" is not mapped`)
      })
      return { path: devicePath, hostPath, permissions: volume.persistentVolumeClaim?.readOnly ? 'r' : 'rwm' }
    }),
  )
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)
