import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createFileStore } from '#main/cluster/store/file.ts'
import { createMemoryStore } from '#main/cluster/store/memory.ts'
import type { Operation, Store } from '#main/cluster/store/store.ts'
import { silentLog } from '#shared/base/log.ts'
import { asStored } from '#shared/kube/object.ts'

/**
 * The store alone, with objects of 2 KB: synced writes a second by 1 to 256 writers, lists, watch fan-out, and how
 * long a compaction of 50,000 objects holds the event loop while 32 writers go on. Prints one JSON line a part.
 */
const workerUrl = new URL('../src/main/cluster/store/log-worker.ts', import.meta.url)
const payload = 'x'.repeat(2_000)
const print = (part: string, numbers: Record<string, unknown>): void =>
  console.log(JSON.stringify({ bench: 'store', part, ...numbers }))

for (const writers of [1, 8, 32, 64, 256])
  print('writes', { writers, ...(await measureWrites(writers, writers === 1 ? 3_000 : 20_000)) })
print('lists', await measureLists())
print('watch', await measureWatch(20, 20_000))
print('compaction', await measureCompaction(50_000))

function put(name: string, expected = 0): Operation {
  return {
    type: 'put',
    key: `/registry/core/pods/bench/${name}`,
    expected,
    build: (revision) => asStored({ metadata: { name, uid: name, resourceVersion: String(revision) }, payload }, false),
  }
}

/** Runs `write` for 0 … count-1 by so many writers. */
async function byWriters(writers: number, count: number, write: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < count) await write(next++)
    }),
  )
}

async function withFileStore<T>(segmentBytes: number | undefined, run: (store: Store) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
  const store = await createFileStore({ dir, log: silentLog, workerUrl, ...(segmentBytes ? { segmentBytes } : {}) })
  try {
    return await run(store)
  } finally {
    await store.close()
    await rm(dir, { recursive: true })
  }
}

function measureWrites(writers: number, count: number): Promise<Record<string, number>> {
  return withFileStore(undefined, async (store) => {
    const latencies: number[] = []
    const cpu = process.cpuUsage()
    const begun = performance.now()
    await byWriters(writers, count, async (index) => {
      const start = performance.now()
      await store.commit([put(`p-${index}`)])
      latencies.push(performance.now() - start)
    })
    const seconds = (performance.now() - begun) / 1_000
    const used = process.cpuUsage(cpu)
    latencies.sort((a, b) => a - b)
    return {
      writes_s: Math.round(count / seconds),
      p50_ms: rounded(latencies[Math.floor(count / 2)]),
      p99_ms: rounded(latencies[Math.floor(count * 0.99)]),
      cpu_us_per_write: Math.round((used.user + used.system) / count),
    }
  })
}

async function measureLists(): Promise<Record<string, number>> {
  const store = createMemoryStore()
  await byWriters(256, 3_000, (index) => store.commit([put(`p-${index}`)]))
  const past = store.revision
  await byWriters(1, 100, (index) =>
    store.commit([put(`p-${index}`, store.head(`/registry/core/pods/bench/p-${index}`)?.revision)]),
  )
  const prefix = '/registry/core/pods/'
  const result = {
    all_3000_s: perSecond(() => store.list(prefix)),
    limit_500_s: perSecond(() => store.list(prefix, { limit: 500, after: `${prefix}bench/p-15` })),
    past_limit_500_s: perSecond(() => store.list(prefix, { limit: 500, after: `${prefix}bench/p-15`, revision: past })),
  }
  await store.close()
  return result
}

function perSecond(work: () => unknown): number {
  const end = performance.now() + 500
  let times = 0
  for (; performance.now() < end; times++) work()
  return times * 2
}

async function measureWatch(watchers: number, count: number): Promise<Record<string, number>> {
  const store = createMemoryStore()
  let events = 0
  for (let i = 0; i < watchers; i++)
    store.watch('/registry/core/pods/', store.revision, {
      changes: (batch) => (events += batch.length),
      close: () => undefined,
    })
  const begun = performance.now()
  await byWriters(32, count, (index) => store.commit([put(`p-${index}`)]))
  const seconds = (performance.now() - begun) / 1_000
  await store.close()
  return { watchers, events_s: Math.round(events / seconds) }
}

/** Small segments, so that a compaction is always under way. */
function measureCompaction(objects: number): Promise<Record<string, number>> {
  return withFileStore(2 ** 20, async (store) => {
    await byWriters(256, objects, (index) => store.commit([put(`p-${index}`)]))
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const begun = performance.now()
    const count = 100_000
    await byWriters(32, count, (index) => {
      const name = `p-${index % objects}`
      return store.commit([put(name, store.head(`/registry/core/pods/bench/${name}`)?.revision)])
    })
    const seconds = (performance.now() - begun) / 1_000
    return {
      objects,
      writes_s: Math.round(count / seconds),
      stall_p99_ms: rounded(delay.percentile(99) / 1e6),
      stall_max_ms: rounded(delay.max / 1e6),
    }
  })
}

function rounded(ms = 0): number {
  return Number(ms.toFixed(2))
}
