import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { clusterSpec, type Cluster, type ClusterSpec, type Engine, type Operation } from '#shared/contract/clusters.ts'
import type { RunningCluster, Work } from '#main/cluster/index.ts'
import { clusterHistory } from './object-history.ts'
import { clusterUsage } from './usage.ts'
import { certificateEndpoint, createKubeContext, type KubeContext } from './kube-context.ts'
import { createOperation, type OperationKind, type RunningOperation } from './operation.ts'

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
  context(id: string): KubeContext | undefined
  engine(): Promise<Engine>
  /** Stops every cluster; `keep` leaves the workers running. */
  close(workers: 'stop' | 'keep' | 'remove'): Promise<void>
}

export interface LocalClustersOptions {
  /** Folder of the clusters, with a folder for each. */
  dir: string
  /** Opens the cluster in `dir`, creating what is missing. */
  open(options: OpenCluster): Promise<RunningCluster>
  /** Removes workers, volumes and networks of a cluster that is not running. */
  removeLeftovers(cluster: { name: string; hasMachines: boolean }): Promise<void>
  engine(): Promise<Engine>
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

interface Member {
  name: string
  dir: string
  spec: ClusterSpec
  workers: string[]
  state: Cluster['state']
  cluster?: RunningCluster
  context?: KubeContext
  operation?: RunningOperation
  unsubscribe?: Stop
}

/** Reads the folder's clusters and starts none. */
export async function openLocalClusters(options: LocalClustersOptions): Promise<LocalClusters> {
  const { dir, clock, log } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const members = new Map<string, Member>()
  for (const member of await readMembers(dir, log)) members.set(member.name, member)
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
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
    if (member.operation?.running) throw new Error(`cluster "${member.name}" is busy: ${member.operation.view().kind}`)
    const before = member.state
    member.state = busy
    member.operation = createOperation({ kind, clock, log: log.child({ cluster: member.name }), changed, task })
    member.operation.settled.then(
      () => changed(),
      () => {
        if (member.state === busy) member.state = member.cluster ? 'running' : before === 'creating' ? 'failed' : before
        changed()
      },
    )
    changed()
  }

  const bringUp = async (member: Member, work: Work): Promise<void> => {
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

  const create = (spec: ClusterSpec): void => {
    const existing = members.get(spec.name)
    if (existing && existing.state !== 'failed') throw new Error(`a cluster named "${spec.name}" already exists`)
    const workers = Array.from({ length: spec.workers }, (_, index) => `${spec.name}-worker-${index + 1}`)
    const member: Member = { name: spec.name, dir: join(dir, spec.name), spec, workers, state: 'creating' }
    members.set(spec.name, member)
    operate(member, 'create', 'creating', async (work) => {
      try {
        await save(member)
        await bringUp(member, work)
      } catch (error) {
        member.state = 'failed'
        await bringDown(member, 'remove').catch((failure: unknown) => log.warn('roll back', { error: String(failure) }))
        await rm(member.dir, { recursive: true, force: true })
        throw error
      }
    })
  }

  const start = (name: string): void => {
    const member = find(name)
    if (member.cluster) throw new Error(`cluster "${name}" runs already`)
    operate(member, 'start', 'starting', (work) => bringUp(member, work))
  }

  const remove = (name: string): void => {
    const member = find(name)
    operate(member, 'delete', 'deleting', async () => {
      if (member.cluster) await bringDown(member, 'remove')
      else {
        const hasMachines = member.spec.simulated !== true && member.workers.length > 0
        await options.removeLeftovers({ name, hasMachines })
      }
      await rm(member.dir, { recursive: true, force: true })
      members.delete(name)
    })
  }

  return {
    list: () => [...members.values()].map((member) => view(member, options.version)),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    create,
    start,
    stop(name) {
      const member = find(name)
      operate(member, 'stop', 'stopping', async () => {
        await bringDown(member, 'stop')
        member.state = 'stopped'
      })
    },
    delete: remove,
    retry(name) {
      const member = find(name)
      const kind = member.operation?.view().kind
      if (member.operation?.view().state === 'running') throw new Error(`cluster "${name}" is busy`)
      if (kind === 'create') create(member.spec)
      else if (kind === 'start') start(name)
      else if (kind === 'delete') remove(name)
      else throw new Error('there is nothing to retry')
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
    async settled(name) {
      await members.get(name)?.operation?.settled
    },
    running,
    context: (id) => [...members.values()].find((member) => member.context?.info.id === id)?.context,
    engine: () => options.engine(),
    async close(workers) {
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

const specFile = 'cluster.json'

async function save(member: Member): Promise<void> {
  await mkdir(member.dir, { recursive: true, mode: 0o700 })
  const text = JSON.stringify({ spec: member.spec, workers: member.workers }, null, 2)
  await writeFile(join(member.dir, specFile), text, { mode: 0o600 })
}

async function readMembers(dir: string, log: Log): Promise<Member[]> {
  const names = await readdir(dir, { withFileTypes: true })
  const members = names.map(async (entry): Promise<Member | undefined> => {
    if (!entry.isDirectory()) return undefined
    const folder = join(dir, entry.name)
    try {
      const { spec, workers } = JSON.parse(await readFile(join(folder, specFile), 'utf8')) as {
        spec: unknown
        workers: string[]
      }
      return { name: entry.name, dir: folder, spec: clusterSpec.parse(spec), workers, state: 'stopped' }
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
