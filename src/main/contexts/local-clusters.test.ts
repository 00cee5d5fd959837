import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { zstdCompressSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterEach, describe, expect, test } from 'vitest'
import { threadEntries } from '#test/support/thread-entries.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { ClusterSpec } from '#shared/contract/clusters.ts'
import { openLocalClusters, type LocalClusters, type LocalClustersOptions } from './local-clusters.ts'
import {
  createHostEngine,
  createSnapshots,
  keyFiles,
  openCluster,
  removeLeftovers,
  type HostEngine,
  type RunningCluster,
  type Snapshots,
} from '#main/cluster/index.ts'

const dirs: string[] = []
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true })
})

/** An engine that does not answer. */
const missing: HostEngine = {
  ...createHostEngine({ imageContexts: '/nowhere' }),
  connect: () => Promise.reject(new Error('no engine')),
  state: () => Promise.resolve({ state: 'unreachable' }),
}
const engine: HostEngine = {
  ...missing,
  providerFor: (name) => ({
    ...createHostEngine({ imageContexts: '/nowhere' }).providerFor(name),
    list: () => Promise.reject(new Error('no engine')),
    removeNetwork: () => Promise.reject(new Error('no engine')),
    removeVolume: () => Promise.reject(new Error('no engine')),
    onChange: () => () => undefined,
  }),
}

async function open(over: Partial<LocalClustersOptions> = {}): Promise<LocalClusters> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-bare-'))
  dirs.push(dir)
  return openLocalClusters({
    dir,
    open: (cluster) =>
      openCluster({
        ...cluster,
        engine,
        agentBundle: '/nowhere',
        threads: threadEntries,
        clock: systemClock,
        log: silentLog,
      }),
    snapshots: createSnapshots({
      engine,
      threads: threadEntries,
      keys: keyFiles(),
      version: 'test',
      clock: systemClock,
      log: silentLog,
    }),
    keys: keyFiles(),
    workerDisk: () => Promise.reject(new Error('no engine')),
    snapshotsDir: `${dir}-snapshots`,
    removeLeftovers: (leftovers) => removeLeftovers({ ...leftovers, engine }),
    engine: () => engine.state(),
    requireIpv6: () => engine.requireIpv6(),
    clock: systemClock,
    log: silentLog,
    version: 'test',
    ...over,
  })
}

test('a cluster without workers runs, stops, starts and goes without a Docker Engine', async () => {
  const clusters = await open()
  clusters.create({ name: 'bare', workers: 0 })
  await clusters.settled('bare')
  expect(clusters.list()).toMatchObject([{ state: 'running', workers: [], spec: { workers: 0 } }])
  clusters.stop('bare')
  await clusters.settled('bare')
  clusters.start('bare')
  await clusters.settled('bare')
  expect(clusters.list()[0]?.state).toBe('running')
  clusters.stop('bare')
  await clusters.settled('bare')
  clusters.delete('bare')
  await clusters.settled('bare')
  expect(clusters.list()).toEqual([])
})

test('a cluster of simulated workers may begin without any and gets them later', async () => {
  const clusters = await open()
  clusters.create({ name: 'sim', workers: 0, simulated: true })
  await clusters.settled('sim')
  clusters.addWorker('sim')
  await clusters.settled('sim')
  expect(clusters.running('sim').workers()).toMatchObject([{ name: 'sim-worker-1', simulated: true }])
  await clusters.close('remove')
})

describe('what a cluster is after', () => {
  /** Opens it once, or fails from then on while `fails`. */
  async function bare(restore: Snapshots['restore']): Promise<{ clusters: LocalClusters; fail(): void }> {
    let fails = false
    const cluster = { server: 'https://127.0.0.1:1', admin: {}, onWorkersChanged: () => () => undefined } as object
    const snapshots = {
      verify: ({ file }: { file: string }) => Promise.resolve({ file, head: {} }),
      restore,
    } as unknown as Snapshots
    const clusters = await open({
      snapshots,
      open: ({ work }) =>
        fails || work.signal.aborted
          ? Promise.reject(new Error('it does not start'))
          : Promise.resolve({
              ...cluster,
              images: {},
              workers: () => [],
              stop: () => Promise.resolve(),
            } as unknown as RunningCluster),
    })
    clusters.create({ name: 'dev', workers: 0 })
    await clusters.settled('dev')
    return { clusters, fail: () => void (fails = true) }
  }
  const snapshotFile = async (): Promise<string> => {
    const dir = await mkdtemp(join(tmpdir(), 'slipway-file-'))
    dirs.push(dir)
    await writeFile(join(dir, 'a.slipway'), '')
    return join(dir, 'a.slipway')
  }

  test('a restore that fails, and whose cluster does not start any more: stopped, to be started again', async () => {
    const { clusters, fail } = await bare(() => {
      fail()
      return Promise.reject(new Error('no space'))
    })
    clusters.snapshots.restore('dev', await snapshotFile(), { first: false })
    await expect(clusters.settled('dev')).rejects.toThrow('it does not start')
    expect(clusters.list()).toMatchObject([{ state: 'stopped' }])
  })

  test('a restore that is cancelled: it runs as before', async () => {
    const { clusters } = await bare(({ work }) => {
      clusters.cancel('dev')
      return Promise.reject(work.signal.reason as Error)
    })
    clusters.snapshots.restore('dev', await snapshotFile(), { first: false })
    await expect(clusters.settled('dev')).rejects.toThrow('cancelled')
    expect(clusters.list()).toMatchObject([{ state: 'running' }])
  })
})

test('a snapshot is deleted by its name, never by a path', async () => {
  const clusters = await open()
  const [dir = ''] = dirs
  const file = join(dir, 'mine.txt')
  await writeFile(file, 'mine')
  for (const path of [file, '../mine.txt', '/etc/hostname'])
    await expect(clusters.snapshots.remove('dev', path)).rejects.toThrow('is no name of a snapshot')
  expect(await readFile(file, 'utf8')).toBe('mine')
})

describe('a folder that is there already', () => {
  test('is no place for a new cluster, and stays as it is, whoever has made it', async () => {
    const clusters = await open({ open: () => Promise.reject(new Error('it does not start')) })
    const [dir = ''] = dirs
    await mkdir(join(dir, 'theirs'))
    await writeFile(join(dir, 'theirs/cluster.json'), 'not readable')
    await writeFile(join(dir, 'theirs/secret.key'), 'theirs')
    for (const make of [
      () => clusters.create({ name: 'theirs', workers: 0 }),
      () => clusters.delete('theirs'),
      () => clusters.retry('theirs'),
    ])
      expect(make).toThrow(/is there already|no cluster named/)
    expect(clusters.list()).toEqual([])
    expect(await readFile(join(dir, 'theirs/secret.key'), 'utf8')).toBe('theirs')
  })

  test('is taken where it is empty; a creation that fails leaves none, and may be tried again', async () => {
    let fails = true
    const clusters = await open({
      open: () =>
        fails
          ? Promise.reject(new Error('it does not start'))
          : Promise.resolve({
              ...{ server: 'https://127.0.0.1:1', admin: {}, images: {} },
              ...{ onWorkersChanged: () => () => undefined, workers: () => [], stop: () => Promise.resolve() },
            } as unknown as RunningCluster),
    })
    const [dir = ''] = dirs
    await mkdir(join(dir, 'dev'))
    clusters.create({ name: 'dev', workers: 0 })
    await expect(clusters.settled('dev')).rejects.toThrow('it does not start')
    expect(await readdir(dir)).toEqual([])
    fails = false
    clusters.retry('dev')
    await clusters.settled('dev')
    expect(clusters.list()).toMatchObject([{ name: 'dev', state: 'running' }])
  })
})

describe('what a crash has left', () => {
  test('of snapshots under way goes at the start: it has keys in the clear', async () => {
    const snapshotsDir = await mkdtemp(join(tmpdir(), 'slipway-left-'))
    dirs.push(snapshotsDir)
    await mkdir(join(snapshotsDir, 'dev'))
    const left = ['.dev2-1.slipway', '.dev2-1.slipway.0a1b.tmp', 'dev/a.slipway.tmp', 'dev/a.slipway.0a1b.tmp']
    for (const file of [...left, 'dev/a.slipway', 'mine.txt']) await writeFile(join(snapshotsDir, file), 'keys')
    await open({ snapshotsDir })
    const files = await readdir(snapshotsDir, { recursive: true })
    expect(files.sort()).toEqual(['dev', 'dev/a.slipway', 'mine.txt'])
  })

  test('of a clone goes with what the engine has of it; copies of all others are looked for', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'slipway-left-'))
    dirs.push(dir)
    const save = async (name: string, more: object): Promise<void> => {
      await mkdir(join(dir, name))
      const saved = { spec: { name, workers: 1 }, workers: [`${name}-worker-1`], ...more }
      await writeFile(join(dir, name, 'cluster.json'), JSON.stringify(saved))
    }
    await save('half', { unfinished: true })
    await save('whole', {})
    const [removed, swept]: [string[], string[]] = [[], []]
    let hasEngine = false
    const clusters = await open({
      dir,
      snapshots: {
        sweep: ({ spec }: { spec: { name: string } }) => Promise.resolve(void swept.push(spec.name)),
      } as unknown as Snapshots,
      removeLeftovers: ({ name }) =>
        hasEngine ? Promise.resolve(void removed.push(name)) : Promise.reject(new Error('no engine')),
    })
    await expect(clusters.settled('half')).rejects.toThrow('no engine')
    expect(clusters.list().map(({ name, state }) => `${name} ${state}`)).toEqual(['half failed', 'whole stopped'])
    hasEngine = true
    clusters.retry('half')
    await clusters.settled('half')
    expect(await readdir(dir)).toEqual(['whole'])
    expect(removed).toEqual(['half'])
    expect(swept.sort()).toEqual(['half', 'whole'])
  })
})

describe('a new cluster', () => {
  const head = { spec: { name: 'prod', workers: 0 }, workers: [] as string[] }
  interface Filled {
    name: string
    keepKeys: boolean
  }
  /** With snapshots of nothing, which note what a cluster is filled with. */
  async function withSnapshots(over: Partial<Snapshots> = {}): Promise<{ clusters: LocalClusters; filled: Filled[] }> {
    const filled: Filled[] = []
    const snapshots = {
      take: async ({ file }: { file: string }) => {
        await writeFile(file, 'keys')
        return head
      },
      verify: async ({ file }: { file: string }) => ({ file: await readFile(file, 'utf8'), head }),
      fill: ({ spec, keepKeys }: { spec: { name: string }; keepKeys: boolean }) =>
        Promise.resolve(void filled.push({ name: spec.name, keepKeys })),
      sweep: () => Promise.resolve(),
      ...over,
    } as unknown as Snapshots
    const clusters = await open({
      snapshots,
      open: () =>
        Promise.resolve({
          ...{ server: 'https://127.0.0.1:1', admin: {}, images: {}, frozen: () => Promise.resolve() },
          ...{ onWorkersChanged: () => () => undefined, workers: () => [], stop: () => Promise.resolve() },
        } as unknown as RunningCluster),
    })
    const [dir = ''] = dirs
    await mkdir(`${dir}-snapshots`, { recursive: true })
    dirs.push(`${dir}-snapshots`)
    return { clusters, filled }
  }

  test('cloned from a running one is tried again with a new copy, and no copy stays', async () => {
    let fails = true
    const names: string[] = []
    const { clusters } = await withSnapshots({
      fill: ({ spec }) => {
        names.push(spec.name)
        return fails ? Promise.reject(new Error('no space')) : Promise.resolve()
      },
    })
    clusters.create({ name: 'dev', workers: 0 })
    await clusters.settled('dev')
    await clusters.snapshots.clone('dev', 'dev2')
    await expect(clusters.settled('dev2')).rejects.toThrow('no space')
    const [dir = ''] = dirs
    expect(await readdir(`${dir}-snapshots`)).toEqual([])
    fails = false
    clusters.retry('dev2')
    await clusters.settled('dev2')
    expect(names).toEqual(['dev2', 'dev2'])
    expect(clusters.list().map(({ name, state }) => `${name} ${state}`)).toEqual(['dev running', 'dev2 running'])
    expect(await readdir(`${dir}-snapshots`)).toEqual([])
  })

  test('cloned from a running one ends without what is done with that one meanwhile', async () => {
    let breakOff: () => void = () => undefined
    let begun: () => void = () => undefined
    const filling = new Promise<void>((resolve) => (begun = resolve))
    const signals: AbortSignal[] = []
    const { clusters } = await withSnapshots({
      take: async ({ file, work: { signal } }) => {
        signals.push(signal)
        await writeFile(file, 'keys')
        if (signals.length > 1) await new Promise((resolve) => setTimeout(resolve, 50))
        signal.throwIfAborted()
        return head as unknown as Awaited<ReturnType<Snapshots['take']>>
      },
      fill: () => {
        begun()
        return new Promise((_resolve, reject) => (breakOff = () => reject(new Error('broken off'))))
      },
    })
    clusters.create({ name: 'dev', workers: 0 })
    await clusters.settled('dev')
    await clusters.snapshots.clone('dev', 'dev2')
    await filling
    await clusters.snapshots.take('dev', 'mine')
    clusters.cancel('dev2')
    await clusters.settled('dev')
    breakOff()
    await expect(clusters.settled('dev2')).rejects.toThrow('broken off')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
  })

  test('from a file has keys of its own; those of the file only where that is asked for, and under its name', async () => {
    const { clusters, filled } = await withSnapshots()
    const dir = await mkdtemp(join(tmpdir(), 'slipway-file-'))
    dirs.push(dir)
    const file = join(dir, 'theirs.slipway')
    const tar = pack()
    const counts = { revision: 1, objects: 0, volumes: 0 }
    tar.entry(
      { name: 'snapshot.json' },
      JSON.stringify({ ...head, ...counts, format: 1, name: 'a', takenAt: 0, version: 'test' }),
    )
    tar.finalize()
    await writeFile(file, zstdCompressSync(await buffer(tar)))
    await expect(clusters.snapshots.open(file, 'other', { keepKeys: true })).rejects.toThrow('a cluster "prod"')
    await clusters.snapshots.open(file, 'prod', { keepKeys: false })
    await clusters.settled('prod')
    clusters.delete('prod')
    await clusters.settled('prod')
    await clusters.snapshots.open(file, 'prod', { keepKeys: true })
    await clusters.settled('prod')
    expect(filled).toEqual([
      { name: 'prod', keepKeys: false },
      { name: 'prod', keepKeys: true },
    ])
  })
})

test('mirrors of several registries that are set at once are all kept, in the file too, and told last', async () => {
  const told: unknown[] = []
  const dir = await mkdtemp(join(tmpdir(), 'slipway-mirrors-'))
  dirs.push(dir)
  const clusters = await open({
    dir,
    open: () =>
      Promise.resolve({
        ...{ server: 'https://127.0.0.1:1', admin: {}, images: {}, stop: () => Promise.resolve() },
        ...{ onWorkersChanged: () => () => undefined, workers: () => [] },
        useMirrors: (mirrors: unknown) => Promise.resolve(void told.push(mirrors)),
      } as unknown as RunningCluster),
  })
  clusters.create({ name: 'dev', workers: 1 })
  await clusters.settled('dev')
  const registries = Array.from({ length: 40 }, (_, index) => `r${index}.example.com`)
  const wanted = Object.fromEntries(registries.map((registry) => [registry, [`https://mirror.${registry}`]]))
  await Promise.all(Object.entries(wanted).map(([registry, urls]) => clusters.setMirrors('dev', registry, urls)))
  expect(clusters.list()[0]?.spec.registryMirrors).toEqual(wanted)
  expect(told.at(-1)).toEqual(wanted)
  const saved = JSON.parse(await readFile(join(dir, 'dev', 'cluster.json'), 'utf8')) as { spec: ClusterSpec }
  expect(saved.spec.registryMirrors).toEqual(wanted)
})

test('no operation begins while an export reads the folder, and no export while one runs', async () => {
  let finish: () => void = () => undefined
  const clusters = await open({
    snapshots: {
      read: () => new Promise((resolve) => (finish = () => resolve({ manifests: '', objects: 0, withheld: [] }))),
    } as unknown as Snapshots,
  })
  clusters.create({ name: 'bare', workers: 0 })
  await clusters.settled('bare')
  clusters.stop('bare')
  await expect(clusters.care.exportManifests('bare', { secrets: false })).resolves.toBeDefined()
  await clusters.settled('bare')
  const exported = clusters.care.exportManifests('bare', { secrets: false })
  expect(() => clusters.start('bare')).toThrow('is busy: export')
  finish()
  await exported
  clusters.start('bare')
  await clusters.settled('bare')
  clusters.stop('bare')
  await clusters.settled('bare')
})
