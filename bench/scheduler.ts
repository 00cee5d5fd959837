import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startControlPlane } from '#test/support/control-plane.ts'
import { compileDeviceSelector } from '#main/cluster/apiserver/index.ts'
import { createScheduler } from '#main/cluster/scheduler/scheduler.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createInformer } from '#shared/client/informer.ts'
import type { EventSink, WatchEvent } from '#shared/client/transport.ts'
import type { Node, Pod, ResourceResourceClaim } from '#shared/kube/generated/types.ts'
import { asStored, type KubeObject } from '#shared/kube/object.ts'
import { deviceClasses, nodes, pods, resourceClaims, resourceSlices } from '#shared/kube/resources.ts'

/**
 * Pods placed a second, from the first creation to the last binding, with the CPU time per pod and how late the event loop
 * was; prints one JSON line a case. `memory` is the
 * scheduler alone over a client that only remembers; `server` is with the API server (memory store) in one process.
 *
 * `node bench/scheduler.ts [memory|server] [pods] [nodes] [shape]`
 */
const [mode = 'memory', podCount, nodeCount, onlyShape] = process.argv.slice(2)
/**
 * `preemption`: every node is full of less important pods, and each pod ends one of them. `dra`: every node has sixteen
 * devices, and each pod a claim of one of them.
 */
const shapes = ['plain', 'spread', 'affinity', 'anti-affinity', 'preemption', 'dra'] as const
const devicesPerNode = 16
type Shape = (typeof shapes)[number]
const podsPerFullNode = 10
const tenthOfNode = { requests: { cpu: '3200m' } }

const cases =
  podCount === undefined
    ? [
        [3_000, 500],
        [5_000, 1_000],
      ]
    : [[Number(podCount), Number(nodeCount ?? 500)]]

for (const [count = 0, size = 0] of cases) {
  for (const shape of shapes) {
    if (onlyShape !== undefined && onlyShape !== shape) continue
    const server = mode === 'server' ? await startControlPlane() : undefined
    const { seconds, cpuSeconds, late } = await measure(server?.client ?? memoryClient(), count, size, shape)
    await server?.stop()
    console.log(
      JSON.stringify({
        bench: 'scheduler',
        mode,
        shape,
        pods: count,
        nodes: size,
        pods_s: Math.round(count / seconds),
        cpu_us_per_pod: Math.round((cpuSeconds * 1e6) / count),
        event_loop_p99_ms: late.p99,
        event_loop_longest_ms: late.longest,
      }),
    )
  }
}

interface Measured {
  seconds: number
  /** Of the whole process, the client's share included. */
  cpuSeconds: number
  /** ms */
  late: { p99: number; longest: number }
}

async function measure(client: Client, count: number, size: number, shape: Shape): Promise<Measured> {
  for (let i = 0; i < size; i++) await client.create(nodes, node(i))
  if (shape === 'preemption')
    for (let i = 0; i < size * podsPerFullNode; i++) await client.create(pods, filler(i, size))
  if (shape === 'dra') await createDevices(client, size)
  const scheduler = createScheduler({
    client,
    clock: systemClock,
    log: silentLog,
    compileSelector: compileDeviceSelector,
  })
  await scheduler.start()
  const watched = createInformer({ client, resource: pods, clock: systemClock, log: silentLog })
  watched.start()
  await watched.synced
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const allPlaced = new Promise<void>((resolve) => {
    let placed = 0
    watched.onChange({
      updated(previous, { spec }) {
        if (!previous.spec?.nodeName && spec?.nodeName && ++placed === count) resolve()
      },
    })
  })
  let next = 0
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (next < count) {
        const index = next++
        if (shape === 'dra') await client.create(resourceClaims, claim(index))
        await client.create(pods, pod(index, shape))
        // A client that only remembers never gives way by itself.
        if (index % 20 === 0) await new Promise(setImmediate)
      }
    }),
  )
  await allPlaced
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  watched.stop()
  await scheduler.stop()
  const late = { p99: lateness(delay.percentile(99)), longest: lateness(delay.max) }
  return { seconds, cpuSeconds: (user + system) / 1e6, late }
}

/** @param nanoseconds of `monitorEventLoopDelay`, whose resolution of 1 ms is part of it */
function lateness(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e5 - 10) / 10
}

function node(index: number): Node {
  const name = `node-${index}`
  const amounts = { cpu: '32', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${index % 3}` },
    },
    status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

async function createDevices(client: Client, size: number): Promise<void> {
  const selectors = [{ cel: { expression: 'device.driver == "gpu.example.com"' } }]
  await client.create(deviceClasses, { metadata: { name: 'gpu' }, spec: { selectors } })
  for (let i = 0; i < size; i++) {
    const name = `node-${i}`
    const devices = Array.from({ length: devicesPerNode }, (_, device) => ({
      name: `gpu-${device}`,
      attributes: { model: { string: device % 2 === 0 ? 'a' : 'b' } },
    }))
    const pool = { name, generation: 1, resourceSliceCount: 1 }
    const spec = { driver: 'gpu.example.com', nodeName: name, pool, devices }
    await client.create(resourceSlices, { metadata: { name }, spec })
  }
}

function claim(index: number): ResourceResourceClaim {
  const selectors = [{ cel: { expression: 'device.attributes["gpu.example.com"].model == "b"' } }]
  const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, selectors }
  const devices = { requests: [{ name: 'gpu', exactly }] }
  return { metadata: { name: `claim-${index}`, namespace: 'default' }, spec: { devices } }
}

/** A pod that is placed already; ten of them fill a node. */
function filler(index: number, size: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `filler-${index}`, namespace: 'default' },
    spec: {
      nodeName: `node-${index % size}`,
      priority: 0,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'busybox', resources: tenthOfNode }],
    },
  }
}

function pod(index: number, shape: Shape): Pod {
  if (shape === 'preemption') {
    const { metadata, spec, ...rest } = filler(index, 1)
    const { nodeName: _, ...wanted } = spec ?? { containers: [] }
    return { ...rest, metadata: { ...metadata, name: `pod-${index}` }, spec: { ...wanted, priority: 1000 } }
  }
  // Ten pods a group, so that anti-affinity on nodes can hold.
  const labels = { app: shape === 'plain' ? 'bench' : `bench-${index % Math.ceil(index / 10 + 1)}` }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, namespace: 'default', labels },
    spec: {
      containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
      ...(shape === 'dra' ? { resourceClaims: [{ name: 'gpu', resourceClaimName: `claim-${index}` }] } : {}),
      ...(shape === 'spread'
        ? {
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'topology.kubernetes.io/zone',
                whenUnsatisfiable: 'DoNotSchedule',
                labelSelector: { matchLabels: labels },
              },
            ],
          }
        : {}),
      ...(shape === 'affinity'
        ? {
            affinity: {
              podAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: labels } },
                ],
              },
            },
          }
        : {}),
      ...(shape === 'anti-affinity'
        ? {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } },
                ],
              },
            },
          }
        : {}),
    },
  }
}

/** Takes every write at its word and tells the watchers: as little beside the scheduler as can be. */
function memoryClient(): Client {
  const objects = new Map<string, KubeObject>()
  const sinks = new Map<string, Set<EventSink>>()
  let revision = 1
  const put = <T extends KubeObject>(plural: string, type: WatchEvent['type'], object: T): T => {
    const { namespace = '', name = '' } = object.metadata
    const stored = {
      ...object,
      metadata: { uid: name, generation: 1, ...object.metadata, resourceVersion: String(++revision) },
    }
    objects.set(`${plural}/${namespace}/${name}`, stored)
    setImmediate(() => {
      for (const sink of sinks.get(plural) ?? []) sink.events([{ type, object: stored }])
    })
    return stored
  }
  const unsupported = (): Promise<never> => Promise.reject(new Error('not in this bench'))
  return {
    transport: { request: unsupported, watch: () => () => undefined },
    get: unsupported,
    list: async ({ plural }) => ({
      metadata: { resourceVersion: String(revision) },
      items: [...objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object as never),
    }),
    create: async ({ plural }, object) => asStored(plural === 'events' ? object : put(plural, 'ADDED', object), true),
    update: async ({ plural }, object) => asStored(put(plural, 'MODIFIED', object) as never, true),
    updateStatus: unsupported,
    patch: async () => undefined as never,
    async delete({ plural }, { namespace = '', name }) {
      const key = `${plural}/${namespace}/${name}`
      const present = objects.get(key)
      if (!present) return
      objects.delete(key)
      setImmediate(() => {
        for (const sink of sinks.get(plural) ?? []) sink.events([{ type: 'DELETED', object: present }])
      })
    },
    async post({ plural }, { namespace = '', name }, _subresource, body) {
      const present = objects.get(`${plural}/${namespace}/${name}`) as Pod
      const { target } = body as { target: { name: string } }
      return put(plural, 'MODIFIED', {
        ...present,
        metadata: { ...present.metadata, generation: 2 },
        spec: { ...present.spec, nodeName: target.name, containers: present.spec?.containers ?? [] },
      })
    },
    watch: ({ plural }, _options, sink) => {
      const listening = sinks.get(plural) ?? new Set()
      sinks.set(plural, listening.add(sink))
      return () => void listening.delete(sink)
    },
  }
}
