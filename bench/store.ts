import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '#shared/base/log.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { createFileStore } from '#main/cluster/store/file.ts'

/** Synced writes a second of 2 KB objects by 1 to 256 writers; prints one JSON line. */
const workerUrl = new URL('../src/main/cluster/store/log-worker.ts', import.meta.url)
const payload = 'x'.repeat(2_000)

const rows: Record<string, { writes_s: number; p50: number; p99: number }> = {}
for (const writers of [1, 8, 32, 64, 256])
  rows[`writers_${writers}`] = await measure(writers, writers === 1 ? 3_000 : 20_000)
console.log(JSON.stringify({ bench: 'store', ...rows }))

async function measure(writers: number, count: number): Promise<{ writes_s: number; p50: number; p99: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
  const store = await createFileStore({ dir, log: silentLog, workerUrl })
  const latencies: number[] = []
  let next = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < count) {
        const name = `p-${next++}`
        const start = performance.now()
        await store.commit([
          {
            type: 'put',
            key: `/registry/core/pods/bench/${name}`,
            expected: 0,
            build: (revision) => ({ metadata: { name, resourceVersion: String(revision) }, payload }) as KubeObject,
          },
        ])
        latencies.push(performance.now() - start)
      }
    }),
  )
  const seconds = (performance.now() - begun) / 1_000
  await store.close()
  await rm(dir, { recursive: true })
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return { writes_s: Math.round(count / seconds), p50: at(0.5), p99: at(0.99) }
}
