import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { blockDevice, blockDevicesOf, requireUse } from './block-volumes.ts'
import { volumeFolder } from './volume-folders.ts'

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'block-'))))
afterEach(() => rm(root, { recursive: true }))

const container = (use: Partial<Container>): Container => ({ name: 'c', ...use })
const volume = { name: 'data', persistentVolumeClaim: { claimName: 'c' } }
const pod = (use: Partial<Container>, readOnly = false): Stored<Pod> =>
  stored<Pod>({
    metadata: { uid: 'u' },
    spec: {
      containers: [container(use)],
      volumes: [{ ...volume, persistentVolumeClaim: { claimName: 'c', readOnly } }],
    },
  })
const devices = { volumeDevices: [{ name: 'data', devicePath: '/dev/disk' }] }

test('what is no block device is refused', async () => {
  await expect(blockDevice(join(root, 'none'))).rejects.toThrow('is not a block device')
  await expect(blockDevice('/dev/null')).rejects.toThrow('hostPath type check failed: /dev/null is not a block device')
})

test('a volume of one mode is not used in the other', () => {
  const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
  expect(() => requireUse(pod(mounts), volume, true)).toThrow(
    'volume data has volumeMode Block, but is specified in volumeMounts',
  )
  expect(() => requireUse(pod(devices), volume, false)).toThrow(
    'volume data has volumeMode Filesystem, but is specified in volumeDevices',
  )
  requireUse(pod(devices), volume, true)
  requireUse(pod(mounts), volume, false)
})

test('a container gets the device that was found for its volume, to read alone where the pod says so', async () => {
  const path = volumeFolder(root, 'u', volume)
  await mkdir(join(path, '..'), { recursive: true })
  await symlink('/dev/disk7', path)
  const of = (readOnly: boolean) => blockDevicesOf(root, pod(devices, readOnly), container(devices))
  expect(await of(false)).toEqual([{ path: '/dev/disk', hostPath: '/dev/disk7', permissions: 'rwm' }])
  expect(await of(true)).toEqual([{ path: '/dev/disk', hostPath: '/dev/disk7', permissions: 'r' }])
  await rm(path)
  await expect(of(false)).rejects.toThrow('volume "data" of container "c" is not mapped')
})
