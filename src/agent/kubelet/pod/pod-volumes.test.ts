import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import { configMaps } from '#shared/kube/resources.ts'
import { silentLog } from '#shared/base/log.ts'
import { createObjectWatches } from '../object-watches.ts'
import { createPodScope, type TestScope } from '#test/support/pod-scope.ts'
import { PodVolumes } from './pod-volumes.ts'
import { PodSources } from './sources.ts'

const configMap = (value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm', namespace: 'n' },
  data: { key: value },
})

let root: string
let parts: TestScope
let volumes: PodVolumes
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-pod-volumes-'))
  parts = createPodScope(
    stored({
      metadata: { name: 'p', namespace: 'n', uid: 'u' },
      spec: { containers: [], volumes: [{ name: 'v', configMap: { name: 'm' } }] },
    }),
    { root },
  )
  volumes = new PodVolumes(parts.scope, new PodSources(parts.scope))
})
afterEach(() => rm(root, { recursive: true }))
const read = (): Promise<string> => readFile(join(root, 'pods/u/volumes/v/key'), 'utf8')

test('a volume without its source is an event, and is set up when the source comes', async () => {
  await volumes.ensure([])
  expect(volumes.ready).toBe(false)
  expect(parts.events).toEqual(['FailedMount: MountVolume.SetUp failed: configmap "m" not found'])
  await parts.client.create(configMaps, configMap('one'))
  await parts.clock.advance(2_000)
  expect(parts.wakes()).toBe(1)
  await volumes.ensure([])
  expect([volumes.ready, await read()]).toEqual([true, 'one'])
})

test('its source is followed, whether it changes, goes or comes', async () => {
  const watches = createObjectWatches({ client: parts.client, clock: parts.clock, log: silentLog })
  const scope = { ...parts.scope, watches }
  volumes = new PodVolumes(scope, new PodSources(scope))
  const woken = async (): Promise<void> => {
    const before = parts.wakes()
    await expect.poll(() => parts.wakes()).toBeGreaterThan(before)
    await volumes.ensure([])
  }
  await volumes.ensure([])
  await parts.clock.advance(500)
  let next = woken()
  await parts.client.create(configMaps, configMap('one'))
  await next
  expect([volumes.ready, await read()]).toEqual([true, 'one'])
  next = woken()
  await parts.client.update(configMaps, configMap('two'))
  await next
  expect(await read()).toBe('two')
  next = woken()
  await parts.client.delete(configMaps, { namespace: 'n', name: 'm' })
  await next
  expect(await read()).toBe('two')
  next = woken()
  await parts.client.create(configMaps, configMap('three'))
  await next
  expect(await read()).toBe('three')
  volumes.stop()
  expect(watches.find(configMaps, { namespace: 'n', name: 'm' })).toBeUndefined()
})

test('without that it is read twice a minute, and keeps what it has when the source goes away', async () => {
  await parts.client.create(configMaps, configMap('one'))
  await volumes.ensure([])
  await parts.client.update(configMaps, configMap('two'))
  await volumes.ensure([])
  expect(await read()).toBe('one')
  await parts.clock.advance(30_000)
  await volumes.ensure([])
  expect(await read()).toBe('two')
  await parts.client.delete(configMaps, { namespace: 'n', name: 'm' })
  await parts.clock.advance(30_000)
  await volumes.ensure([])
  expect([volumes.ready, await read(), parts.events]).toEqual([true, 'two', []])
})

test('it tells changed labels of the pod at once', async () => {
  const labelled = (tide: string) => {
    const items = [{ path: 'key', fieldRef: { fieldPath: "metadata.labels['tide']" } }]
    return stored({
      metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { tide } },
      spec: { containers: [], volumes: [{ name: 'v', downwardAPI: { items } }] },
    })
  }
  let pod = labelled('low')
  const scope = { ...parts.scope, pod: () => pod }
  volumes = new PodVolumes(scope, new PodSources(scope))
  const told = (): Promise<string> => readFile(join(root, 'memory/u/v/key'), 'utf8')
  await volumes.ensure([])
  expect(await told()).toBe('low')
  pod = labelled('high')
  await volumes.ensure([])
  expect(await told()).toBe('high')
})
