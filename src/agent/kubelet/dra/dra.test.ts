import { mkdir, mkdtemp, readdir, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Container, Pod, ResourceResourceClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { nodes, pods, resourceClaims, resourceSlices } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startDeviceDriver, type DeviceDriverOptions } from '#test/support/dra/driver.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { watchPlugins } from '../csi/plugin-watcher.ts'
import { openCheckpoint } from './checkpoint.ts'
import { createPodClaims, type PodClaims } from './claims.ts'
import { createDraDrivers, type DraDrivers } from './drivers.ts'

/** The agent's side of DRA against a driver that listens on a socket. */
const name = 'fake.test'
let plane: TestControlPlane
let root: string
let clock: FakeClock
let drivers: DraDrivers
let claims: PodClaims
let driver: Awaited<ReturnType<typeof startDeviceDriver>>
let stops: (() => unknown)[]

const start = async (options: Partial<DeviceDriverOptions> = {}): Promise<void> => {
  driver = await startDeviceDriver({
    name,
    socket: join(root, 'plugins/dra.sock'),
    registration: join(root, 'plugins_registry/dra-reg.sock'),
    cdi: join(root, 'cdi'),
    devicesOf: () => [
      { request: 'one', pool: 'w', device: 'fake-0' },
      { request: 'two', pool: 'w', device: 'fake-1' },
    ],
    ...options,
  })
  stops.push(driver.stop)
}
const registered = (): Promise<void> => vi.waitFor(() => void drivers.get(name), 5_000)
const openClaims = async (): Promise<PodClaims> =>
  createPodClaims({
    client: plane.client,
    drivers,
    checkpoint: await openCheckpoint(join(root, 'dra_manager_state'), silentLog),
  })

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dra-'))
  plane = await startControlPlane()
  clock = createFakeClock()
  await plane.client.create(nodes, { metadata: { name: 'w' } })
  drivers = createDraDrivers({ client: plane.client, nodeName: 'w', clock, log: silentLog })
  const stopWatching = await watchPlugins({
    folder: join(root, 'plugins_registry'),
    handlers: { DRAPlugin: drivers.handler },
    clock: systemClock,
    log: silentLog,
  })
  stops = [stopWatching]
  await mkdir(join(root, 'plugins'))
  claims = await openClaims()
})
afterEach(async () => {
  for (const stop of stops) await stop()
  await plane.stop()
  await rm(root, { recursive: true, force: true })
})

test('a claim is prepared once for the pods that share it, and unprepared after the last, by a later agent too', async () => {
  await start()
  await registered()
  const first = await podOf('first')
  const second = await podOf('second')
  await claimOf('gpu', [first, second])
  await Promise.all([claims.prepare(first), claims.prepare(second)])
  expect(driver.calls).toEqual(['prepare default/gpu'])
  expect(await readdir(join(root, 'cdi'))).toHaveLength(1)
  const [main] = first.spec?.containers ?? []
  const ids = claims.devicesOf(first, main as Container)
  expect(ids.map((id) => id.replace(/=.*-fake/, '=fake'))).toEqual([`${name}/device=fake-1`])
  const all = { ...(main as Container), resources: { claims: [{ name: 'devices' }] } }
  expect(claims.devicesOf(first, all)).toHaveLength(2)

  const later = await openClaims()
  await later.prepare(first)
  expect(later.podUids().sort()).toEqual([first, second].map(({ metadata }) => metadata.uid).sort())
  expect(later.devicesOf(first, main as Container)).toEqual(ids)
  await later.release(first.metadata.uid)
  expect(driver.calls).toEqual(['prepare default/gpu'])
  await later.release(second.metadata.uid)
  expect(driver.calls).toEqual(['prepare default/gpu', 'unprepare default/gpu'])
  expect([later.holds(second.metadata.uid), await readdir(join(root, 'cdi'))]).toEqual([false, []])
  expect((await openClaims()).podUids()).toEqual([])
})

test('a pod says what its devices wait for', async () => {
  const pod = await podOf('p')
  await expect(claims.prepare(pod)).rejects.toThrow('fetch ResourceClaim gpu: ')
  const claim = await claimOf('gpu', [])
  await expect(claims.prepare(pod)).rejects.toThrow(
    `pod p (${pod.metadata.uid}) is not allowed to use ResourceClaim gpu (${claim.metadata.uid})`,
  )
  await reserve(claim, [pod])
  await expect(claims.prepare(pod)).rejects.toThrow(`DRA driver ${name} is not registered`)
  expect(claims.holds(pod.metadata.uid)).toBe(false)
  let isBroken = true
  await start({
    service: 'v1beta1.DRAPlugin',
    devicesOf() {
      if (isBroken) throw new Error('overheated')
      return []
    },
  })
  await registered()
  await expect(claims.prepare(pod)).rejects.toThrow(
    'NodePrepareResources failed for ResourceClaim gpu: Error: overheated',
  )
  // It may be prepared in part.
  expect(claims.holds(pod.metadata.uid)).toBe(true)
  isBroken = false
  await claims.prepare(pod)
  expect(claims.devicesOf(pod, pod.spec?.containers[0] as Container)).toEqual([])
})

test('a driver of other versions is refused', async () => {
  await start({ versions: ['v1alpha3.Node'] })
  await vi.waitFor(() =>
    expect(driver.registered[0]).toMatchObject({
      plugin_registered: false,
      error: expect.stringContaining(
        'none of services supported by the plugin (["v1alpha3.Node"]) are supported by the kubelet (["v1.DRAPlugin" "v1beta1.DRAPlugin"])',
      ) as unknown,
    }),
  )
})

test('devices are no longer offered when their driver stays away, nor those of before the agent', async () => {
  const offer = (driverName: string): Promise<unknown> =>
    plane.client.create(resourceSlices, {
      metadata: { name: driverName },
      spec: {
        driver: driverName,
        nodeName: 'w',
        pool: { name: 'w', generation: 1, resourceSliceCount: 1 },
        devices: [],
      },
    })
  const offered = async (): Promise<string[]> =>
    (await plane.client.list(resourceSlices)).items.map(({ metadata }) => metadata.name)
  await offer('earlier.test')
  stops.push(drivers.start())
  await clock.advance(0)
  await vi.waitFor(async () => expect(await offered()).toEqual([]))
  await start()
  await registered()
  await offer(name)
  await offer('other.test')
  await unlink(join(root, 'plugins_registry/dra-reg.sock'))
  await vi.waitFor(() => expect(() => drivers.get(name)).toThrow('not registered'))
  await clock.advance(29_000)
  expect(await offered()).toHaveLength(2)
  await clock.advance(2_000)
  await vi.waitFor(async () => expect(await offered()).toEqual(['other.test']))
})

const podOf = (podName: string): Promise<Stored<Pod>> =>
  plane.client.create(pods, {
    metadata: { name: podName, namespace: 'default' },
    spec: {
      nodeName: 'w',
      containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'devices', request: 'two' }] } }],
      resourceClaims: [{ name: 'devices', resourceClaimName: 'gpu' }],
    },
  })

async function claimOf(claimName: string, users: Stored<Pod>[]): Promise<Stored<ResourceResourceClaim>> {
  const claim = await plane.client.create(resourceClaims, {
    metadata: { name: claimName, namespace: 'default' },
    spec: {
      devices: { requests: ['one', 'two'].map((request) => ({ name: request, exactly: { deviceClassName: 'c' } })) },
    },
  })
  return reserve(claim, users)
}

const reserve = (claim: Stored<ResourceResourceClaim>, users: Stored<Pod>[]): Promise<Stored<ResourceResourceClaim>> =>
  plane.client.updateStatus(resourceClaims, {
    ...claim,
    status: {
      allocation: {
        devices: {
          results: ['one', 'two'].map((request, i) => ({ request, driver: name, pool: 'w', device: `fake-${i}` })),
        },
      },
      reservedFor: users.map(({ metadata }) => ({ resource: 'pods', name: metadata.name, uid: metadata.uid })),
    },
  })
