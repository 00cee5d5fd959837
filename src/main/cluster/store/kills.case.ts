import { spawn } from 'node:child_process'
import { expect } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createFileStore } from './file.ts'
import type { Store } from './store.ts'
import { key } from './store.case.ts'

const workerUrl = new URL('./log-worker.ts', import.meta.url)
const writer = new URL('./crash-writer.ts', import.meta.url).pathname

/**
 * Kills a process that writes to the store in `dir`, 40 to 200 ms after its first acknowledgement, and opens the store
 * again, `rounds` times: every acknowledged write is present, and every batch is whole.
 * @returns the number of acknowledged writes
 */
export async function killAgainAndAgain(dir: string, rounds: number): Promise<number> {
  let acknowledged = 0
  for (let round = 0; round < rounds; round++) {
    const acked = await killedWriter(dir, 40 + ((round * 37) % 160))
    acknowledged += acked.size
    const store = await createFileStore({ dir, log: silentLog, workerUrl })
    expectKept(store, acked)
    await store.close()
  }
  return acknowledged
}

/** Asserts that every acknowledged write is present, and that every batch is complete. */
export function expectKept(store: Store, acknowledged: ReadonlyMap<string, number>): void {
  for (const [name, revision] of acknowledged)
    expect(store.get(key(name))?.revision ?? 0).toBeGreaterThanOrEqual(revision)
  const halves = new Map<string, number>()
  for (const entry of store.list('/registry/core/pods/pairs/').entries) {
    const [id = ''] = entry.object.metadata.name.split('.')
    halves.set(id, (halves.get(id) ?? 0) + 1)
  }
  expect([...halves.values()].every((count) => count === 2)).toBe(true)
}

/** Runs the writer until `ms` after its first acknowledgement, kills it, and returns the acknowledged writes. */
function killedWriter(dir: string, ms: number): Promise<Map<string, number>> {
  const acked = new Map<string, number>()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    let rest = ''
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      timer ??= setTimeout(() => child.kill('SIGKILL'), ms)
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [name = '', revision] = line.split(' ')
        acked.set(name, Number(revision))
      }
    })
    child.on('error', reject)
    child.on('close', () => resolve(acked))
  })
}
