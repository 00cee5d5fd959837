import { stepTitles } from '#shared/contract/step-titles.ts'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { ClusterSpec } from '#shared/contract/clusters.ts'
import { keyFilesIn, type KeyFiles } from '#main/keys/key-files.ts'
import { asStep } from './as-step.ts'
import type { ThreadEntries } from './control-plane.ts'
import type { HostEngine } from './engine.ts'
import {
  readFiles,
  readPart,
  verifyArchive,
  writeArchive,
  type PartName,
  type Parts,
  type SnapshotHead,
} from './snapshot/archive.ts'
import { objectLines, readObjectLines, restored, type Target } from './snapshot/objects.ts'
import { finishSwap, stagedStore, swapIn } from './snapshot/swap.ts'
import { createFileStore, writeStore } from './store/file.ts'
import { secretsKey } from './store/secret-key.ts'
import type { Contents } from './store/store.ts'
import { whilePaused } from './workers/pause.ts'
import type { VolumeCopy } from './workers/provider.ts'
import type { Work, WorkStep } from './workers/steps/run-steps.ts'

export interface SnapshotsOptions {
  engine: HostEngine
  threads: ThreadEntries
  keys: KeyFiles
  /** Of Slipway. */
  version: string
  clock: Clock
  log: Log
}

/** A cluster as its snapshots see it. */
export interface SnapshotCluster {
  dir: string
  spec: ClusterSpec
  workers: readonly string[]
}

/**
 * Snapshots of whole clusters. All objects are read at one revision of the store while all workers stand still, and so are
 * the volumes, until the copy is complete: what they hold is what a power cut at that instant would have left.
 */
export interface Snapshots {
  /**
   * @param order `frozen`: of the running cluster; a cluster that does not run is read from its folder
   * @throws Error for the user; then there is no such file
   */
  take(
    order: SnapshotCluster & {
      file: string
      name: string
      frozen?: (<T>(copy: (objects: Contents) => Promise<T>) => Promise<T>) | undefined
      work: Work
    },
  ): Promise<SnapshotHead>
  /** Reads the objects of a cluster that does not run. @throws Error for the user */
  read<T>(cluster: SnapshotCluster, look: (objects: Contents) => Promise<T>): Promise<T>
  /**
   * Reads the whole file and compares it with its checksums; nothing else takes a file. @throws BrokenArchive
   */
  verify(order: { file: string; work: Work }): Promise<VerifiedSnapshot>
  /**
   * Puts objects and volumes back into a cluster that does not run, which keeps its keys, settings and workers.
   * @throws Error for the user; the cluster is then as it was
   */
  restore(order: SnapshotCluster & { snapshot: VerifiedSnapshot; work: Work }): Promise<void>
  /**
   * Fills the empty folder and the volume of a new cluster.
   * @param order `keepKeys`: with the keys of the snapshot's cluster, which must be gone; else with keys of its own
   * @throws Error for the user
   */
  fill(order: SnapshotCluster & { snapshot: VerifiedSnapshot; keepKeys: boolean; work: Work }): Promise<void>
  /** Removes what a process that was killed has left of the cluster's copies on the engine. @throws Error where it does not answer */
  sweep(cluster: Pick<SnapshotCluster, 'spec' | 'workers'>): Promise<void>
}

export interface VerifiedSnapshot {
  file: string
  head: SnapshotHead
}

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { engine, threads, keys, clock, log } = options
  const volumeOf = (cluster: SnapshotCluster): VolumeCopy | undefined => clusterVolume(engine, cluster)

  const storeOf = async (dir: string, folder: string) => ({
    dir: join(dir, folder),
    workerUrl: threads.store,
    secretKey: await secretsKey(dir, keys),
    log,
  })
  const closedStore = async <T>(
    { dir, ...cluster }: SnapshotCluster,
    read: (objects: Contents) => Promise<T>,
  ): Promise<T> => {
    await finishSwap(dir, () => volumeOf({ dir, ...cluster }))
    const store = await createFileStore({ ...(await storeOf(dir, 'store')), clock })
    try {
      return await read({ entries: [...store.entries()], revision: store.revision })
    } finally {
      await store.close()
    }
  }
  /** A control plane that has ended may have left its workers running. */
  const frozenOffline = <T>(cluster: SnapshotCluster, copy: (objects: Contents) => Promise<T>): Promise<T> => {
    const read = (): Promise<T> => closedStore(cluster, copy)
    return volumeOf(cluster) ? whilePaused(engine.providerFor(cluster.spec.name), read) : read()
  }

  const writeNewStore = async ({
    dir,
    file,
    folder,
    revision,
    target,
  }: {
    dir: string
    file: string
    folder: string
    revision: number
    target: Target
  }): Promise<void> => {
    await rm(join(dir, folder), { recursive: true, force: true })
    const entries = restoredObjects(file, target)
    await writeStore({ ...(await storeOf(dir, folder)), entries, revision })
  }

  return {
    sweep: async (cluster) => clusterVolume(engine, cluster)?.sweep(),

    async take({ dir, spec, workers, file, name, frozen, work }) {
      const cluster = { dir, spec, workers }
      const volume = volumeOf(cluster)
      const copy = async ({ entries, revision }: Contents): Promise<SnapshotHead> => {
        const head: SnapshotHead = {
          format: 1,
          name,
          takenAt: clock.now(),
          version: options.version,
          spec,
          workers: [...workers],
          revision,
          objects: entries.length,
          volumes: (await volume?.folders())?.length ?? 0,
        }
        const parts: Parts = [
          ...(await privateFiles(dir, keys)),
          ['objects', objectLines(entries)],
          ...(volume && head.volumes > 0 ? [['volumes', counted(volume.read(), work, copying)] as const] : []),
        ]
        await writeArchive(file, head, parts)
        return head
      }
      return asStep(work, clock, copying.id, copying.title, () =>
        frozen ? frozen(copy) : frozenOffline(cluster, copy),
      )
    },

    read: closedStore,

    verify: ({ file, work }) =>
      asStep(work, clock, 'verify', stepTitles.verify, async () => ({ file, head: await verifyArchive(file) })),

    async restore({ dir, spec, workers, snapshot: { file, head }, work }) {
      const cluster = { dir, spec, workers }
      const volume = volumeOf(cluster)
      await finishSwap(dir, () => volume)
      if (head.volumes > 0 && !volume) throw new Error(`${basename(file)} has volumes, which this cluster cannot have`)
      const current = existsSync(join(dir, 'store'))
        ? await closedStore(cluster, ({ revision }) => Promise.resolve(revision))
        : 0
      try {
        await asStep(work, clock, 'objects', stepTitles.prepareObjects, () =>
          writeNewStore({
            dir,
            file,
            folder: stagedStore,
            // Who has seen a revision of before the restore must not take a later one for it.
            revision: Math.max(head.revision, current) + 1,
            target: { workers: new Map(workers.map((each) => [each, each])), hasNewKeys: false },
          }),
        )
        if (volume) {
          await asStep(work, clock, preparing.id, preparing.title, async () => {
            await engine.providerFor(spec.name).ensureVolume()
            const content = head.volumes > 0 ? counted(readPart(file, 'volumes'), work, preparing) : emptyTar()
            await volume.stage(content)
          })
        }
        if (work.signal.aborted) throw work.signal.reason as Error
        await asStep(work, clock, 'commit', stepTitles.commit, () => swapIn(dir, volume))
      } catch (error) {
        await volume
          ?.discard()
          .catch((failure: unknown) => log.warn('what was prepared is left', { error: String(failure) }))
        throw error
      } finally {
        await rm(join(dir, stagedStore), { recursive: true, force: true })
      }
      // The versions are of another past than the objects now.
      await rm(join(dir, 'versions'), { recursive: true, force: true })
    },

    async fill({ dir, spec, workers, snapshot: { file, head }, keepKeys, work }) {
      const volume = volumeOf({ dir, spec, workers })
      if (head.volumes > 0 && !volume)
        throw new Error(`${basename(file)} has volumes, which a cluster without Docker workers cannot have`)
      await mkdir(dir, { recursive: true, mode: 0o700 })
      if (keepKeys)
        for (const [name, content] of await readFiles(file, 'key')) await keys.write(join(dir, 'pki', name), content)
      for (const [name, content] of await readFiles(file, 'setting'))
        // The file may be somebody else's: no other file of the folder comes from it.
        if (settings.includes(name)) await writeFile(join(dir, name), content, { mode: 0o600 })
      await asStep(work, clock, 'objects', stepTitles.writeObjects, () =>
        writeNewStore({
          dir,
          file,
          folder: 'store',
          revision: head.revision + 1,
          target: { workers: pairs(head.workers, workers), hasNewKeys: !keepKeys },
        }),
      )
      if (head.volumes === 0 || !volume) return
      await asStep(work, clock, writing.id, writing.title, async () => {
        await engine.providerFor(spec.name).ensureVolume()
        await volume.stage(counted(readPart(file, 'volumes'), work, writing))
        await volume.commit()
      })
    },
  }
}

type NamedStep = Pick<WorkStep, 'id' | 'title'>
const copying: NamedStep = { id: 'snapshot', title: stepTitles.copy }
const preparing: NamedStep = { id: 'volumes', title: stepTitles.prepareVolumes }
const writing: NamedStep = { id: 'volumes', title: stepTitles.writeVolumes }

/** Simulated workers have no volumes. The spec has the number that the cluster was made with; others may have come since. */
export const clusterVolume = (
  engine: Pick<HostEngine, 'providerFor'>,
  { spec, workers }: Pick<SnapshotCluster, 'spec' | 'workers'>,
): VolumeCopy | undefined =>
  spec.simulated === true || spec.workers + workers.length === 0 ? undefined : engine.providerFor(spec.name).volume

async function* restoredObjects(
  file: string,
  target: Target,
): AsyncGenerator<{ key: string; revision: number; json: string }> {
  for await (const saved of readObjectLines(readPart(file, 'objects'))) {
    const object = restored(saved, target)
    if (object) yield object
  }
}

/** What users configure in the cluster's folder. */
const settings = ['kubelet.yaml', 'scheduler.yaml']

/** Keys in the clear, whoever seals them here, and what the user has configured. The store's key is not among them: each folder has its own. */
async function privateFiles(dir: string, keys: KeyFiles): Promise<(readonly [PartName, Uint8Array[]])[]> {
  const parts: (readonly [PartName, Uint8Array[]])[] = []
  for (const path of await keyFilesIn(dir)) {
    const content = basename(path) === 'secret.key' ? undefined : await keys.read(path)
    if (content) parts.push([`key/${basename(path)}`, [content]])
  }
  for (const name of settings) {
    const content = await readFile(join(dir, name)).catch(() => undefined)
    if (content) parts.push([`setting/${name}`, [content]])
  }
  return parts
}

const pairs = (from: readonly string[], to: readonly string[]): Map<string, string> =>
  new Map(from.flatMap((name, index) => (to[index] === undefined ? [] : [[name, to[index]] as const])))

/** Reports the bytes of a step that goes on, at most five times a second; ends with the work's signal. */
async function* counted(bytes: AsyncIterable<Buffer>, work: Work, step: NamedStep): AsyncGenerator<Buffer> {
  let done = 0
  let told = 0
  for await (const chunk of bytes) {
    if (work.signal.aborted) throw work.signal.reason as Error
    done += chunk.length
    if (Date.now() - told > 200) {
      told = Date.now()
      work.progress({ ...step, state: 'running', bytes: { done } })
    }
    yield chunk
  }
}

/** Two blocks of zeros: a tar without entries. */
async function* emptyTar(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(1_024))
}
