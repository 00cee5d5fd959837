import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createTurns } from '#shared/base/turns.ts'
import {
  clusterSpec,
  mirrorsOf,
  withMirrors,
  workerName,
  type Cluster,
  type ClusterSpec,
  type Engine,
  type Operation,
  type WorkerLimits,
} from '#shared/contract/clusters.ts'
import type { KeyFiles, RunningCluster, Snapshots, Work, WorkerDisk } from '#main/cluster/index.ts'
import { writePrivateFile } from '#main/keys/private-file.ts'
import { createClusterCare, type ClusterCare } from './cluster-care.ts'
import {
  createClusterSnapshots,
  sweepSnapshots,
  type ClusterHands,
  type ClusterSnapshots,
} from './cluster-snapshots.ts'
import { clusterHistory } from './object-history.ts'
import { clusterUsage } from './usage.ts'
import { machineLink } from './machine-link.ts'
import { certificateEndpoint, createKubeContext, type KubeContext } from './kube-context.ts'
import type { Member } from './member.ts'
import { createOperation, type OperationKind } from './operation.ts'

/**
 * The clusters of one data folder: their state on disk, their lifetime in this process, and their running operations.
 */
export interface LocalClusters {
  list(): Cluster[]
  onChange(listener: () => void): Stop
  /** Starts the operation and returns; `list` shows its outcome. @throws Error when it cannot start. */
  create(spec: ClusterSpec): void
  start(name: string): void
  stop(name: string): void
  delete(name: string): void
  retry(name: string): void
  cancel(name: string): void
  /** @returns the new worker's name: the given one, or the next free one. */
  addWorker(name: string, worker?: string): string
  removeWorker(name: string, worker: string): void
  /** Resolves when the running operation of `name` has ended. @throws its error */
  settled(name: string): Promise<void>
  /** @throws Error for the user when the cluster is not running. */
  running(name: string): RunningCluster
  /** Changes the limits of one worker while it runs, and keeps them. @throws Error for the user */
  limitWorker(name: string, worker: string, limits: WorkerLimits): Promise<void>
  /** Changes the mirrors of a registry and keeps them; a cluster that runs has them from its next pull on. @throws Error for the user */
  setMirrors(name: string, registry: string, urls: readonly string[]): Promise<void>
  readonly care: ClusterCare
  /** Their snapshots, and new clusters from those. */
  readonly snapshots: ClusterSnapshots
  context(id: string): KubeContext | undefined
  /** Pods that crash now, as `namespace/name`, by cluster. */
  crashingPods(): ReadonlyMap<string, readonly string[]>
  engine(): Promise<Engine>
  /** @throws Error for the user where the engine makes no networks with IPv6 */
  requireIpv6(): Promise<void>
  /** Stops every cluster; `keep` leaves the workers running. */
  close(workers: 'stop' | 'keep' | 'remove'): Promise<void>
}

export interface LocalClustersOptions {
  /** Folder of the clusters, with a folder for each. */
  dir: string
  /** Opens the cluster in `dir`, creating what is missing. */
  open(options: OpenCluster): Promise<RunningCluster>
  /** Takes and restores snapshots, which are kept in `snapshotsDir`. */
  snapshots: Snapshots
  snapshotsDir: string
  keys: KeyFiles
  workerDisk: WorkerDisk
  /** Removes workers, volumes and networks of a cluster that is not running. */
  removeLeftovers(cluster: { name: string; hasMachines: boolean }): Promise<void>
  engine(): Promise<Engine>
  requireIpv6(): Promise<void>
  clock: Clock
  log: Log
  version: string
}

export interface OpenCluster {
  dir: string
  spec: ClusterSpec
  /** Names of the workers that the cluster must have. */
  workers: string[]
  work: Work
}

/** Reads the folder's clusters and starts none; what a crash has left of copies and of clones under way is removed. */
export async function openLocalClusters(options: LocalClustersOptions): Promise<LocalClusters> {
  const { dir, clock, log } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  await sweepSnapshots(options.snapshotsDir)
  const members = new Map<string, Member>()
  for (const member of await readMembers(dir, log)) members.set(member.name, member)
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }

  /** Who has failed may be made anew. @throws Error for the user */
  const requireFree = (name: string): void => {
    const existing = members.get(name)
    if (existing && existing.state !== 'failed') throw new Error(`a cluster named "${name}" already exists`)
    if (existing) requireIdle(existing)
  }
  const find = (name: string): Member => {
    const member = members.get(name)
    if (!member) throw new Error(`there is no cluster named "${name}"`)
    return member
  }
  const running = (name: string): RunningCluster => {
    const { cluster } = find(name)
    if (!cluster) throw new Error(`cluster "${name}" is not running`)
    return cluster
  }

  /** Runs `task` as the only operation of `member`; refuses a second one meanwhile. */
  const operate = (
    member: Member,
    kind: OperationKind,
    busy: Cluster['state'],
    task: (work: Work) => Promise<void>,
  ): void => {
    requireIdle(member)
    const before = member.state
    member.state = busy
    member.operation = createOperation({ kind, clock, log: log.child({ cluster: member.name }), changed, task })
    member.operation.settled.then(
      () => changed(),
      () => {
        member.state = stateAfterFailure(member, before)
        changed()
      },
    )
    changed()
  }

  let closing = false
  const bringUp = async (member: Member, work: Work): Promise<void> => {
    // An operation that puts a cluster back as it was must not hold up the app's end.
    if (closing) throw new Error('the app is being closed')
    const cluster = await options.open({ dir: member.dir, spec: member.spec, workers: member.workers, work })
    member.cluster = cluster
    member.unsubscribe = cluster.onWorkersChanged(changed)
    member.context = createKubeContext({
      info: {
        id: `local:${member.name}`,
        name: member.name,
        kind: 'local',
        server: cluster.server,
        simulated: member.spec.simulated ?? false,
        ...(cluster.ingress === undefined ? {} : { ingress: cluster.ingress }),
      },
      endpoint: certificateEndpoint(new URL(cluster.server), cluster.admin),
      usage: clusterUsage(cluster),
      judge: (key) => cluster.judge(key),
      history: clusterHistory(cluster),
      link: machineLink(cluster),
    })
    member.state = 'running'
  }

  const bringDown = async (member: Member, workers: 'stop' | 'keep' | 'remove'): Promise<void> => {
    await member.unsubscribe?.()
    await member.context?.stop()
    const { cluster } = member
    delete member.context
    delete member.cluster
    await cluster?.stop({ workers })
  }

  /** @param prepare fills its folder and its volume, where the cluster does not begin empty */
  const create = (spec: ClusterSpec, prepare?: (member: Member, work: Work) => Promise<void>): void => {
    requireFree(spec.name)
    const workers = Array.from({ length: spec.workers }, (_, index) => `${spec.name}-worker-${index + 1}`)
    const member: Member = {
      ...{ name: spec.name, dir: join(dir, spec.name), spec, workers },
      ...{ state: 'creating', unfinished: true },
    }
    makeFolder(member.dir, { isOurs: members.get(spec.name)?.unfinished === true })
    members.set(spec.name, member)
    member.again = () => create(spec, prepare)
    operate(member, prepare ? 'clone' : 'create', 'creating', async (work) => {
      try {
        if (prepare) {
          await save(member)
          await prepare(member, work)
        }
        delete member.unfinished
        await save(member)
        await bringUp(member, work)
      } catch (error) {
        member.state = 'failed'
        member.unfinished = true
        const rollBack = prepare
          ? () => options.removeLeftovers(leftoversOf(member))
          : () => bringDown(member, 'remove')
        await rollBack().catch((failure: unknown) => log.warn('roll back', { error: String(failure) }))
        await rm(member.dir, { recursive: true, force: true })
        delete member.unfinished
        throw error
      }
    })
  }

  const start = (name: string): void => {
    const member = find(name)
    if (member.cluster) throw new Error(`cluster "${name}" runs already`)
    member.again = () => start(name)
    operate(member, 'start', 'starting', (work) => bringUp(member, work))
  }

  const remove = (name: string): void => {
    const member = find(name)
    member.again = () => remove(name)
    operate(member, 'delete', 'deleting', async () => {
      if (member.cluster) await bringDown(member, 'remove')
      else await options.removeLeftovers(leftoversOf(member))
      await rm(member.dir, { recursive: true, force: true })
      members.delete(name)
    })
  }

  const hands: ClusterHands = { find, requireFree, requireIdle, operate, create, bringUp, bringDown }
  const snapshots = createClusterSnapshots({ dir: options.snapshotsDir, tools: options.snapshots, clock, hands })
  const care = createClusterCare({ ...options, hands, running })
  for (const member of members.values()) {
    options.snapshots
      .sweep(member)
      .catch((error: unknown) => log.debug('copies are not looked for', { error: messageOf(error) }))
    if (member.unfinished) remove(member.name)
  }

  return {
    snapshots,
    care,
    list: () => [...members.values()].map((member) => view(member, options.version)),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    create: (spec) => create(spec),
    start,
    stop(name) {
      const member = find(name)
      delete member.again
      operate(member, 'stop', 'stopping', async () => {
        await bringDown(member, 'stop')
        member.state = 'stopped'
      })
    },
    delete: remove,
    retry(name) {
      const member = find(name)
      requireIdle(member)
      if (member.operation?.view().state === 'done' || !member.again) throw new Error('there is nothing to retry')
      member.again()
    },
    cancel(name) {
      find(name).operation?.cancel()
    },
    addWorker(name, wanted) {
      const member = find(name)
      const cluster = running(name)
      const worker = wanted ?? freeName(member)
      if (member.workers.includes(worker)) throw new Error(`cluster "${name}" already has a worker named "${worker}"`)
      operate(member, 'add-worker', 'running', async (work) => {
        await cluster.addWorkers([worker], work)
        member.workers.push(worker)
        await save(member)
      })
      return worker
    },
    removeWorker(name, worker) {
      const member = find(name)
      const cluster = running(name)
      if (!member.workers.includes(worker)) throw new Error(`cluster "${name}" has no worker named "${worker}"`)
      operate(member, 'remove-worker', 'running', async (work) => {
        await cluster.removeWorker(worker, work)
        member.workers = member.workers.filter((other) => other !== worker)
        await save(member)
      })
    },
    async limitWorker(name, worker, limits) {
      const member = find(name)
      if (!member.workers.includes(worker)) throw new Error(`cluster "${name}" has no worker named "${worker}"`)
      requireIdle(member)
      await running(name).limitWorker(worker, limits)
      if (members.get(name) !== member) return
      const { workerLimits = {} } = member.spec
      member.spec = {
        ...member.spec,
        workerLimits: { ...workerLimits, [worker]: { ...workerLimits[worker], ...limits } },
      }
      await save(member)
      changed()
    },
    async setMirrors(name, registry, urls) {
      const member = find(name)
      if (member.spec.simulated) throw new Error('simulated workers pull no images')
      requireIdle(member)
      // Before anything is waited for: the next change begins with this one.
      member.spec = withMirrors(member.spec, registry, urls)
      await save(member)
      changed()
      await member.cluster?.useMirrors(mirrorsOf(member.spec))
    },
    async settled(name) {
      await members.get(name)?.operation?.settled
    },
    running,
    crashingPods: () =>
      new Map([...members.values()].flatMap(({ name, cluster }) => (cluster ? [[name, cluster.crashingPods()]] : []))),
    context: (id) => [...members.values()].find((member) => member.context?.info.id === id)?.context,
    engine: () => options.engine(),
    requireIpv6: () => options.requireIpv6(),
    async close(workers) {
      closing = true
      for (const member of members.values()) member.operation?.cancel()
      await Promise.allSettled([...members.values()].map(async (member) => member.operation?.settled))
      const results = await Promise.allSettled([...members.values()].map((member) => bringDown(member, workers)))
      if (workers === 'remove')
        await Promise.all([...members.values()].map(({ dir: folder }) => rm(folder, { recursive: true, force: true })))
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
      if (failures.length > 0) throw new AggregateError(failures, 'some clusters did not stop cleanly')
    },
  }
}

/** @throws Error for the user while something is done with it */
function requireIdle({ name, operation, reader }: Member): void {
  const busy = operation?.running ? operation.view().kind : reader
  if (busy !== undefined) throw new Error(`cluster "${name}" is busy: ${busy}`)
}

/**
 * Makes the folder of a new cluster. What is there already is somebody else's, or a cluster that cannot be read: it stays as it is.
 * @param options `isOurs`: what is there is left of an earlier attempt @throws Error for the user
 */
function makeFolder(folder: string, { isOurs }: { isOurs: boolean }): void {
  try {
    if (isOurs) rmSync(folder, { recursive: true, force: true })
    // One that is empty is no loss.
    else rmdirSync(folder)
  } catch {
    // There is none, or what is in it stays.
  }
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`${folder} is there already, and no cluster that Slipway can read: look at it, and move it away`, {
      cause: error,
    })
  }
}

/** What a cluster is once an operation has failed, in whatever state that has left it. */
function stateAfterFailure({ state, cluster }: Member, before: Cluster['state']): Cluster['state'] {
  if (cluster) return 'running'
  return state === 'failed' || before === 'creating' || before === 'failed' ? 'failed' : 'stopped'
}

const leftoversOf = ({ name, spec, workers }: Member): { name: string; hasMachines: boolean } => ({
  name,
  hasMachines: spec.simulated !== true && workers.length > 0,
})

const specFile = 'cluster.json'
const savedCluster = z.object({ spec: clusterSpec, workers: z.array(workerName), unfinished: z.boolean().optional() })

/** One after the other: the file has what was changed last. */
function save(member: Member): Promise<void> {
  member.saves ??= createTurns()
  return member.saves(() => {
    const { dir, spec, workers, unfinished } = member
    // As a whole: a folder whose file is cut short is taken for no cluster.
    return writePrivateFile(join(dir, specFile), JSON.stringify({ spec, workers, unfinished }, null, 2))
  })
}

async function readMembers(dir: string, log: Log): Promise<Member[]> {
  const names = await readdir(dir, { withFileTypes: true })
  const members = names.map(async (entry): Promise<Member | undefined> => {
    if (!entry.isDirectory()) return undefined
    const folder = join(dir, entry.name)
    try {
      const { spec, workers, unfinished } = savedCluster.parse(
        JSON.parse(await readFile(join(folder, specFile), 'utf8')),
      )
      const member: Member = { name: entry.name, dir: folder, spec, workers, state: 'stopped' }
      return unfinished === true ? { ...member, unfinished, state: 'failed' } : member
    } catch (error) {
      log.warn('not a cluster folder; ignored', { folder, error: messageOf(error) })
      return undefined
    }
  })
  return (await Promise.all(members)).filter((member) => member !== undefined)
}

/** The lowest free `<cluster>-worker-<n>`. */
function freeName({ name, workers }: Member): string {
  let number = 1
  while (workers.includes(`${name}-worker-${number}`)) number++
  return `${name}-worker-${number}`
}

function view(member: Member, version: string): Cluster {
  const operation: Operation | undefined = member.operation?.view()
  return {
    name: member.name,
    state: member.state,
    simulated: member.spec.simulated ?? false,
    version,
    spec: { ...member.spec, workers: member.workers.length },
    workers: member.cluster?.workers() ?? member.workers.map((name) => stoppedWorker(name, member)),
    ...(member.context ? { context: member.context.info.id } : {}),
    ...(member.cluster ? { server: member.cluster.server } : {}),
    ...(operation ? { operation } : {}),
    kubectl: `export KUBECONFIG="${join(member.dir, 'kubeconfig')}"`,
  }
}

const stoppedWorker = (name: string, member: Member): Cluster['workers'][number] => ({
  name,
  state: member.state === 'creating' ? 'creating' : 'stopped',
  ready: false,
  simulated: member.spec.simulated ?? false,
})
