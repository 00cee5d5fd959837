import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { SnapshotInfo } from '#shared/contract/care.ts'
import type { Cluster, ClusterSpec } from '#shared/contract/clusters.ts'
import { readHead, type Snapshots, type Work } from '#main/cluster/index.ts'
import type { Member } from './member.ts'
import { uncancelled, type OperationKind } from './operation.ts'

/**
 * The snapshots of one data folder: a file each, in a folder per cluster, which outlive their cluster. Where one is asked for,
 * the path of a file does as well.
 */
export interface ClusterSnapshots {
  /** The newest first. @param cluster of all clusters when unset */
  list(cluster?: string): Promise<SnapshotInfo[]>
  /** Starts the operation. @returns the snapshot's name: the given one, or the time of day */
  take(cluster: string, name?: string): Promise<string>
  /** Starts the operation. @param options `first`: takes a snapshot of what is there, under a name of its own */
  restore(cluster: string, snapshot: string, options: { first: boolean }): void
  /** Starts a new cluster with the objects and volumes of another, as they are now or were in a snapshot; its keys are its own. */
  clone(cluster: string, name: string, snapshot?: string): Promise<void>
  /**
   * Starts a new cluster from the file of a snapshot, with keys of its own: whoever has made the file has those in it.
   * @param options `keepKeys`: with the keys in the file, under the name that it is of @throws Error for the user
   */
  open(file: string, name: string, options: { keepKeys: boolean }): Promise<void>
  remove(cluster: string, snapshot: string): Promise<void>
}

/** What is done with clusters by those who keep them. */
export interface ClusterHands {
  find(name: string): Member
  /** @throws Error for the user where a cluster has the name */
  requireFree(name: string): void
  /** @throws Error for the user while something is done with it */
  requireIdle(member: Member): void
  operate(member: Member, kind: OperationKind, busy: Cluster['state'], task: (work: Work) => Promise<void>): void
  create(spec: ClusterSpec, prepare: (member: Member, work: Work) => Promise<void>): void
  bringUp(member: Member, work: Work): Promise<void>
  bringDown(member: Member, workers: 'stop' | 'keep'): Promise<void>
}

export function createClusterSnapshots({
  dir,
  tools,
  clock,
  hands,
}: {
  dir: string
  tools: Snapshots
  clock: Clock
  hands: ClusterHands
}): ClusterSnapshots {
  const fileOf = (cluster: string, name: string): string =>
    isAbsolute(name) ? name : join(dir, cluster, `${validName(name)}${extension}`)
  const existing = (cluster: string, name: string, file = fileOf(cluster, name)): string => {
    if (!existsSync(file)) throw new Error(`cluster "${cluster}" has no snapshot "${name}"`)
    return file
  }
  const freeName = (cluster: string, wanted: string): string => {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted}-${number}`
      if (!existsSync(fileOf(cluster, name))) return name
    }
  }
  const takeNow = async (member: Member, { file, name }: { file: string; name: string }, work: Work): Promise<void> => {
    const { cluster } = member
    const frozen = cluster ? cluster.frozen.bind(cluster) : undefined
    await tools.take({ dir: member.dir, spec: member.spec, workers: member.workers, file, name, frozen, work })
  }
  const begin = (member: Member, target: { file: string; name: string }): void => {
    delete member.again
    hands.operate(member, 'snapshot', member.state, (work) => takeNow(member, target, work))
  }
  const fillFrom = async (file: string, { keepKeys }: { keepKeys: boolean }, member: Member, work: Work) => {
    const snapshot = await tools.verify({ file, work })
    await tools.fill({ dir: member.dir, spec: member.spec, workers: member.workers, snapshot, keepKeys, work })
  }
  /** Takes a snapshot of another cluster, which ends with the operation that needs it. */
  const takeFor = async (source: Member, target: { file: string; name: string }, { signal }: Work): Promise<void> => {
    begin(source, target)
    const taking = source.operation
    const cancel = (): void => taking?.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      await taking?.settled
    } finally {
      // What is done with that cluster from now on is no part of this.
      signal.removeEventListener('abort', cancel)
    }
  }
  /** Fills a new cluster with what another one is now, each time it is tried: the file between them has all Secrets in the clear. */
  const fillFromCluster = async (source: Member, member: Member, work: Work): Promise<void> => {
    const file = join(dir, `.${member.name}-${String(clock.now())}${extension}`)
    try {
      await takeFor(source, { file, name: `clone-${member.name}`.slice(0, 63) }, work)
      await fillFrom(file, { keepKeys: false }, member, work)
    } finally {
      await rm(file, { force: true })
    }
  }

  return {
    async list(cluster) {
      const folders = cluster === undefined ? await foldersIn(dir) : [cluster]
      const all = await Promise.all(folders.map((folder) => snapshotsIn(dir, folder)))
      return all
        .flat()
        .filter((each) => each !== undefined)
        .sort((a, b) => b.takenAt - a.takenAt)
    },

    async take(cluster, wanted) {
      const member = hands.find(cluster)
      const name = wanted === undefined ? freeName(cluster, timeName(clock.now())) : validName(wanted)
      const file = fileOf(cluster, name)
      if (existsSync(file)) throw new Error(`cluster "${cluster}" has a snapshot "${name}" already`)
      await mkdir(join(dir, cluster), { recursive: true, mode: 0o700 })
      begin(member, { file, name })
      return name
    },

    restore(cluster, name, { first }) {
      const member = hands.find(cluster)
      const file = existing(cluster, name)
      member.again = () => this.restore(cluster, name, { first })
      hands.operate(member, 'restore', member.state, async (work) => {
        const snapshot = await tools.verify({ file, work })
        if (first) {
          const before = freeName(cluster, `before-${timeName(clock.now())}`)
          await takeNow(member, { file: fileOf(cluster, before), name: before }, work)
        }
        const wasRunning = member.cluster !== undefined
        if (wasRunning) {
          member.state = 'stopping'
          await hands.bringDown(member, 'stop')
        }
        member.state = 'stopped'
        try {
          await tools.restore({ dir: member.dir, spec: member.spec, workers: member.workers, snapshot, work })
        } finally {
          if (wasRunning) {
            member.state = 'starting'
            await hands.bringUp(member, uncancelled(work))
          }
        }
      })
    },

    async clone(cluster, name, snapshot) {
      const source = hands.find(cluster)
      hands.requireFree(name)
      const spec = cloneSpec(source.spec, name)
      if (snapshot !== undefined) {
        const from = existing(cluster, snapshot)
        const { workers } = await readHead(from)
        hands.create({ ...spec, workers: workers.length }, (member, work) =>
          fillFrom(from, { keepKeys: false }, member, work),
        )
        return
      }
      hands.requireIdle(source)
      hands.create({ ...spec, workers: source.workers.length }, (member, work) => fillFromCluster(source, member, work))
    },

    async open(file, name, { keepKeys }) {
      if (!isAbsolute(file) || !existsSync(file)) throw new Error(`there is no file ${file}`)
      hands.requireFree(name)
      const head = await readHead(file)
      if (keepKeys && name !== head.spec.name)
        throw new Error(
          `the keys in ${file} are those of a cluster "${head.spec.name}": they are kept under that name alone`,
        )
      hands.create({ ...cloneSpec(head.spec, name), workers: head.workers.length }, (member, work) =>
        fillFrom(file, { keepKeys }, member, work),
      )
    },

    async remove(cluster, name) {
      // A name alone: whoever asks for it must not choose what file of this machine goes.
      await rm(existing(cluster, name, join(dir, cluster, `${validName(name)}${extension}`)))
    },
  }
}

const extension = '.slipway'

function validName(name: string): string {
  if (!/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(name))
    throw new Error(`"${name}" is no name of a snapshot: lower-case letters, digits, dashes and dots`)
  return name
}

/** `2026-11-29-1841`, in local time. */
function timeName(now: number): string {
  const at = new Date(now)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}-${two(at.getHours())}${two(at.getMinutes())}`
}

/** A registry's port is one cluster's; limits follow the workers to their new names. */
function cloneSpec({ registryPort: _port, workerLimits = {}, ...spec }: ClusterSpec, name: string): ClusterSpec {
  const limits = Object.entries(workerLimits).map(([worker, each]) => {
    const own = worker.startsWith(`${spec.name}-worker-`) ? `${name}${worker.slice(spec.name.length)}` : worker
    return [own, each] as const
  })
  return { ...spec, name, ...(limits.length > 0 ? { workerLimits: Object.fromEntries(limits) } : {}) }
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** Removes what a process that was killed has left: files of snapshots under way, which have keys in the clear. */
export async function sweepSnapshots(dir: string): Promise<void> {
  for (const folder of ['', ...(await foldersIn(dir))]) {
    const files = await readdir(join(dir, folder)).catch((): string[] => [])
    const left = files.filter((file) => (folder === '' && isBetween(file)) || file.endsWith('.tmp'))
    await Promise.all(left.map((file) => rm(join(dir, folder, file), { force: true })))
  }
}

/** The file between two clusters, of `fillFromCluster`. */
const isBetween = (file: string): boolean => file.startsWith('.') && file.endsWith(extension)

async function snapshotsIn(dir: string, cluster: string): Promise<(SnapshotInfo | undefined)[]> {
  const files = await readdir(join(dir, cluster)).catch((): string[] => [])
  const own = files.filter((file) => file.endsWith(extension))
  return Promise.all(own.map((file) => describe(cluster, join(dir, cluster, file), file.slice(0, -extension.length))))
}

/** `undefined` where it has been removed meanwhile. */
async function describe(cluster: string, file: string, name: string): Promise<SnapshotInfo | undefined> {
  const found = await stat(file).catch(() => undefined)
  if (!found) return undefined
  const { size, mtimeMs } = found
  const whole = { cluster, name, file, bytes: size }
  try {
    const { takenAt, objects, volumes, workers, version } = await readHead(file)
    return { ...whole, takenAt, objects, volumes, workers: workers.length, version }
  } catch (error) {
    return { ...whole, takenAt: mtimeMs, objects: 0, volumes: 0, workers: 0, version: '', problem: messageOf(error) }
  }
}
