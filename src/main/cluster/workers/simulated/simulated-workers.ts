import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import { isAlreadyExists, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import { settingsOf, silentAnnotation, simulatedMark, type SimulationSettings } from '#shared/kube/simulation.ts'
import { leases, nodes, pods } from '#shared/kube/resources.ts'
import type { StatsSummary } from '#shared/kube/stats-summary.ts'
import { microTimestamp } from '#shared/kube/timestamp.ts'
import { leaseNamespace, leaseOf, readyConditions, simulatedNode, type NodeShape } from './simulated-node.ts'
import { DelayedKeys } from '#shared/reconcile/delayed-keys.ts'
import { simulatePods } from './simulated-pods.ts'
import { simulatedSummary } from './simulated-summary.ts'

export interface SimulatedWorkersOptions {
  client: Client
  clock: Clock
  log: Log
  /** Shared with others; informers of its own when unset. */
  informers?: SharedInformers
  /** Number of workers after the start, including those of an earlier run. */
  count: number
  /** `<prefix>-1`, `<prefix>-2`, … */
  namePrefix: string
  /** Of a worker, by the number in its name; 8 cores, 32 GiB, 110 pods when unset. */
  shapeOf?: (serial: number) => NodeShape
  /** How often a worker renews its Lease, ms; 10 s when unset. */
  renewMs?: number
  /** What applies to all pods whose nodes and annotations say nothing else. */
  settings?: SimulationSettings
}

export interface SimulatedWorkers {
  /** Resolves when all of them are registered. */
  start(): Promise<void>
  names(): string[]
  /** Registers one more. */
  add(name: string): Promise<void>
  /** Removes one with its Node. */
  remove(name: string): Promise<void>
  /** Stops reporting, as a machine whose power is cut. */
  silence(name: string): void
  /** Reports again. */
  wake(name: string): Promise<void>
  isSilent(name: string): boolean
  /** What the worker's kubelet answers at `/stats/summary`; undefined for a silent worker and for other nodes. */
  summary(name: string): StatsSummary | undefined
  /** Its pods, as the kubelet lists them. */
  pods(name: string): PodList
  /** Ends the simulation; Nodes and pods stay, for the next start. */
  stop(): Promise<void>
}

export interface PodList {
  apiVersion: 'v1'
  kind: 'PodList'
  metadata: object
  items: readonly Stored<Pod>[]
}

interface SimulatedWorker {
  address: string
  annotations: Readonly<Record<string, string>> | undefined
  /** Of its annotations. */
  settings: SimulationSettings
  /** By its annotation. */
  muted: boolean
  silent: boolean
  /** CPU time of the machine until the last summary, ns. */
  used: { at: number; nanoSeconds: number } | undefined
}

const isQuiet = ({ silent, muted }: SimulatedWorker): boolean => silent || muted

const heard = (address: string): SimulatedWorker => ({
  address,
  annotations: undefined,
  settings: new Map(),
  muted: false,
  silent: false,
  used: undefined,
})

/** The counter of a machine goes on when pods end: it adds up what was used between summaries. */
function countUp(worker: SimulatedWorker, { node }: StatsSummary, now: number): void {
  if (!node.cpu) return
  const { usageCoreNanoSeconds = 0, usageNanoCores = 0 } = node.cpu
  const { at, nanoSeconds } = worker.used ?? { at: now, nanoSeconds: usageCoreNanoSeconds }
  worker.used = { at: now, nanoSeconds: nanoSeconds + Math.round((usageNanoCores * Math.max(0, now - at)) / 1_000) }
  node.cpu.usageCoreNanoSeconds = worker.used.nanoSeconds
}

/** How often a kubelet renews its Lease, ms. */
const defaultRenewMs = 10_000
/** Share by which an interval is shortened at random, as a kubelet does: thousands of workers cause an even load. */
const jitter = 0.04
/** Renewals of one second are written together: the store syncs its file once for all of them. */
const renewalGridMs = 1_000
const parallelRegistrations = 16
const defaultShape: NodeShape = { cpus: 8, memoryBytes: 32 * 2 ** 30, pods: 110 }

/**
 * Workers without machines: Nodes that renew their Leases, and pods that go through their phases. One watch of nodes
 * and one of pods serve all of them, so a thousand cost little more than one.
 */
export function createSimulatedWorkers(options: SimulatedWorkersOptions): SimulatedWorkers {
  const { client, clock, count, namePrefix, shapeOf = () => defaultShape, renewMs = defaultRenewMs } = options
  const log = options.log.child({ part: 'simulated-workers' })
  const informers = options.informers ?? createSharedInformers({ client, clock, log })
  const nodeInformer = informers.share(nodes)
  const podInformer = informers.share(pods)
  const workers = new Map<string, SimulatedWorker>()
  const stops = new StopStack()
  const renewals = new DelayedKeys(clock, (names) => {
    for (const name of names) {
      if (!workers.has(name)) continue
      renewLater(name)
      renew(name).catch(complain(name))
    }
  })
  const cluster = options.settings ? [options.settings] : []
  let lastAddress = 0

  const simulatedPods = simulatePods({
    client,
    clock,
    log,
    informer: podInformer,
    nodeOf(name) {
      const worker = workers.get(name)
      if (!worker || isQuiet(worker)) return undefined
      return { address: worker.address, layers: worker.settings.size > 0 ? [worker.settings, ...cluster] : cluster }
    },
  })

  /** Node addresses from 172.30.0.0/15, enough for thousands of workers; none can be reached. */
  function nextAddress(): string {
    const serial = ++lastAddress
    return `172.${30 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`
  }

  async function add(name: string): Promise<void> {
    const serial = Number(/(\d{1,9})$/.exec(name)?.[1] ?? workers.size + 1)
    const worker = heard(nextAddress())
    workers.set(name, worker)
    try {
      const shape = shapeOf(serial)
      await client.create(nodes, simulatedNode(name, { address: worker.address, shape, now: clock.now() }))
    } catch (error) {
      if (!isAlreadyExists(error)) {
        workers.delete(name)
        throw error
      }
    }
    await nodeInformer.until(name, (node) => node !== undefined)
    await renew(name)
    renewLater(name)
    simulatedPods.adopt(name)
  }

  /** Resumes the workers of an earlier run, whose Nodes are still registered. */
  function readopt(node: Stored<Node>): void {
    const { name, labels } = node.metadata
    if (labels?.[simulatedMark] !== 'true' || workers.has(name)) return
    const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? nextAddress()
    const [, second = 30, third = 0, fourth = 0] = address.split('.').map(Number)
    lastAddress = Math.max(lastAddress, ((second - 30) << 16) | (third << 8) | fourth)
    workers.set(name, heard(address))
    renewLater(name, Math.random() * renewMs)
    obey(node)
    reportHealth(node)
    simulatedPods.adopt(name)
  }

  /** Takes over what the annotations of a node say. */
  function obey({ metadata: { name, annotations } }: Stored<Node>): void {
    const worker = workers.get(name)
    if (!worker || worker.annotations === annotations) return
    worker.annotations = annotations
    worker.settings = settingsOf(annotations).settings
    const wasQuiet = isQuiet(worker)
    worker.muted = annotations?.[silentAnnotation] === 'true'
    if (!isQuiet(worker) && wasQuiet) renew(name).catch(complain(name))
    simulatedPods.adopt(name)
  }

  async function renew(name: string): Promise<void> {
    const worker = workers.get(name)
    const node = nodeInformer.get(name)
    if (!worker || isQuiet(worker) || !node) return
    const now = clock.now()
    try {
      await client.patch(
        leases,
        { namespace: leaseNamespace, name },
        { type: 'merge', body: { spec: { holderIdentity: name, renewTime: microTimestamp(now) } } },
      )
    } catch (error) {
      if (!isNotFound(error)) throw error
      await client.create(leases, leaseOf(node, now))
    }
  }

  /** Reports Ready again where the control plane has marked the worker as unreachable. */
  function reportHealth(node: Stored<Node>): void {
    const { name } = node.metadata
    const worker = workers.get(name)
    if (!worker || isQuiet(worker) || isNodeReady(node)) return
    client
      .patch(
        nodes,
        { name },
        { type: 'strategic', body: { status: { conditions: readyConditions(clock.now()) } } },
        { subresource: 'status' },
      )
      .catch(complain(name))
  }

  const complain =
    (name: string) =>
    (error: unknown): void =>
      log.debug('heartbeat of a simulated worker failed', { worker: name, error: messageOf(error) })

  function renewLater(name: string, ms = renewMs * (1 - Math.random() * jitter)): void {
    const due = Math.ceil((clock.now() + ms) / renewalGridMs) * renewalGridMs
    renewals.add(name, due - clock.now())
  }

  async function fillUp(): Promise<void> {
    const missing: string[] = []
    for (let serial = 1; workers.size + missing.length < count; serial++) {
      const name = `${namePrefix}-${serial}`
      if (!workers.has(name)) missing.push(name)
    }
    const next = missing.values()
    await Promise.all(
      Array.from({ length: parallelRegistrations }, async () => {
        for (const name of next) await add(name)
      }),
    )
  }

  return {
    async start() {
      await Promise.all([nodeInformer.synced, podInformer.synced])
      for (const node of nodeInformer.list()) readopt(node)
      stops.add(
        nodeInformer.onChange({
          updated(_, node) {
            obey(node)
            reportHealth(node)
          },
          deleted: ({ metadata }) => workers.delete(metadata.name),
        }),
      )
      await fillUp()
    },
    names: () => [...workers.keys()],
    add,
    async remove(name) {
      workers.delete(name)
      await client.delete(nodes, { name })
    },
    silence(name) {
      const worker = workers.get(name)
      if (worker) worker.silent = true
    },
    async wake(name) {
      const worker = workers.get(name)
      const node = nodeInformer.get(name)
      if (!worker || !node) return
      worker.silent = false
      await renew(name)
      reportHealth(node)
      simulatedPods.adopt(name)
    },
    isSilent(name) {
      const worker = workers.get(name)
      return worker !== undefined && isQuiet(worker)
    },
    summary(name) {
      const worker = workers.get(name)
      const node = nodeInformer.get(name)
      if (!worker || !node || isQuiet(worker)) return undefined
      const layers = [worker.settings, ...cluster]
      const summary = simulatedSummary(node, simulatedPods.running(name), { layers, now: clock.now() })
      countUp(worker, summary, clock.now())
      return summary
    },
    pods: (name) => ({
      apiVersion: 'v1',
      kind: 'PodList',
      metadata: {},
      items: podInformer.byIndex('node-name', name),
    }),
    async stop() {
      renewals.clear()
      await stops.stop()
      await simulatedPods.stop()
      nodeInformer.stop()
      podInformer.stop()
      if (!options.informers) informers.stop()
    },
  }
}
