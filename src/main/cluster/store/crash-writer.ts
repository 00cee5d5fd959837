import { createFileStore } from './file.ts'
import { key, object, put } from './store.fixture.ts'

/** Run by `file.test.ts` and `kills.case.ts` as a process to kill: writes as fast as it can and prints each acknowledged write. */
const store = await createFileStore({
  dir: process.argv[2] ?? '',
  log: {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    child() {
      return this
    },
  },
  workerUrl: new URL('./log-worker.ts', import.meta.url),
  segmentBytes: Number(process.argv[3] ?? 20_000),
})

const said = (name: string, revision: number): boolean => process.stdout.write(`${name} ${revision}\n`)

async function write(writer: number): Promise<never> {
  for (let i = 0; ; i++) {
    const name = `w${writer}-${i % 25}`
    const [entry] = await store.commit([put(name, store.head(key(name))?.revision ?? 0, 'x'.repeat(500))])
    said(name, entry?.revision ?? 0)
    const id = `p${process.pid}x${writer}x${i}`
    await store.commit(
      ['a', 'b'].map((half) => ({
        type: 'put' as const,
        key: key(`${id}.${half}`, 'pairs'),
        expected: 0,
        build: object(`${id}.${half}`),
      })),
    )
  }
}
await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)))
