import { expect, it } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { conflict } from '#shared/kube/status.ts'
import { createFakeClock, settle } from '#test/support/fake-clock.ts'
import { runController, TerminalError, type Controller, type Reconcile, type Watch } from './controller.ts'

it('waits for its informers, and folds repeated keys into one reconcile', async () => {
  let sync: () => void = () => undefined
  const source = manualWatch(new Promise((resolve) => (sync = resolve)))
  const { seen } = start(async () => undefined, { watches: [source] })
  for (const key of ['a', 'b', 'a', 'a']) source.enqueue(key)
  await settle()
  expect(seen).toEqual([])
  sync()
  await settle()
  expect(seen).toEqual(['a', 'b'])
})

it('works on a key again when it changes meanwhile, but never twice at once', async () => {
  let running = 0
  let most = 0
  const release: (() => void)[] = []
  const { controller, seen } = start(
    async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => release.push(resolve))
      running--
      return undefined
    },
    { workers: 4 },
  )
  controller.enqueue('a')
  await settle()
  controller.enqueue('a')
  controller.enqueue('a')
  await settle()
  expect(seen).toEqual(['a'])
  release.shift()?.()
  await settle()
  release.shift()?.()
  await settle()
  expect(seen).toEqual(['a', 'a'])
  expect(most).toBe(1)
})

it('works on as many keys at once as it has workers', async () => {
  let running = 0
  let most = 0
  const { controller, seen } = start(
    async () => {
      most = Math.max(most, ++running)
      await settle()
      running--
      return undefined
    },
    { workers: 3 },
  )
  for (let index = 0; index < 10; index++) controller.enqueue(`key-${index}`)
  while (seen.length < 10) await settle()
  expect(most).toBe(3)
})

it('retries failures with growing delays from 5 ms, and starts over after a success', async () => {
  let failures = 4
  const { controller, seen, clock } = start(async () => {
    if (failures-- > 0) throw new Error('not yet')
    return undefined
  })
  controller.enqueue('a')
  await clock.advance(4)
  expect(seen).toHaveLength(1)
  await clock.advance(1)
  expect(seen).toHaveLength(2)
  await clock.advance(10)
  expect(seen).toHaveLength(3)
  await clock.advance(20 + 40)
  expect(seen).toHaveLength(5)
  failures = 1
  controller.enqueue('a')
  await clock.advance(5)
  expect(seen).toHaveLength(7)
})

it('looks again when asked to, does not retry terminal errors, and names conflicts as such', async () => {
  const results: string[] = []
  let turn = 0
  const { controller, clock } = start(
    async () => {
      turn++
      if (turn === 1) return { requeueAfter: 60_000 }
      if (turn === 2) throw conflict({ group: '', resource: 'pods' }, 'a', 'the object has been modified')
      throw new TerminalError('hopeless')
    },
    { observe: ({ result }) => results.push(result) },
  )
  controller.enqueue('a')
  await clock.advance(59_999)
  expect(results).toEqual(['running', 'requeued'])
  await clock.advance(1)
  await clock.advance(1_000_000)
  expect(results).toEqual(['running', 'requeued', 'running', 'conflict', 'running', 'terminal'])
  expect(clock.pending).toBe(0)
})

it('keeps any number of delayed keys on one timer, each due at its earliest time', async () => {
  const { controller, seen, clock } = start(async () => undefined)
  for (let index = 0; index < 1000; index++) controller.enqueue(`key-${index}`, 1 + ((index * 7919) % 1000))
  controller.enqueue('key-0', 500)
  controller.enqueue('key-999', 2)
  expect(clock.pending).toBe(1)
  await clock.advance(2)
  expect(seen.slice(0, 1)).toEqual(['key-0'])
  expect(seen).toContain('key-999')
  await clock.advance(1000)
  expect(new Set(seen).size).toBe(1000)
  expect(seen).toHaveLength(1000)
})

it('stops: ends what runs, takes up nothing more, leaves no timer', async () => {
  let finish: () => void = () => undefined
  const { controller, seen, clock } = start(async () => {
    await new Promise<void>((resolve) => (finish = resolve))
    return { requeueAfter: 10 }
  })
  controller.enqueue('a')
  controller.enqueue('b')
  controller.enqueue('c', 50)
  await settle()
  let stopped = false
  const stopping = controller.stop().then(() => (stopped = true))
  await settle()
  expect(stopped).toBe(false)
  finish()
  await stopping
  await clock.advance(1000)
  expect(seen).toEqual(['a'])
  expect(clock.pending).toBe(0)
})

function start(
  reconcile: Reconcile,
  options: Partial<Parameters<typeof runController>[0]> = {},
): { controller: Controller; seen: string[]; clock: ReturnType<typeof createFakeClock> } {
  const clock = createFakeClock()
  const seen: string[] = []
  const controller = runController({
    name: 'test',
    watches: [],
    clock,
    log: silentLog,
    ...options,
    reconcile: (key) => {
      seen.push(key)
      return reconcile(key)
    },
  })
  return { controller, seen, clock }
}

function manualWatch(synced: Promise<void>): Watch & { enqueue(key: string): void } {
  let enqueue: (key: string) => void = () => undefined
  return {
    synced,
    connect(add) {
      enqueue = add
      return () => undefined
    },
    enqueue: (key) => enqueue(key),
  }
}
