import { expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { agentPort, type WorkerMachine, type WorkerProvider } from './provider.ts'
import { provision } from './provision.ts'
import type { WorkerRecipe } from './steps/recipe.ts'

interface Setup {
  /** Workers that are there before. */
  present?: WorkerMachine[]
  hasNetwork?: boolean
  /** Which worker never becomes Ready. */
  broken?: string
}

/** A provider that notes what it is asked for. */
function setUp({ present = [], hasNetwork = false, broken }: Setup) {
  const calls: string[] = []
  const note =
    (verb: string) =>
    (name = ''): Promise<void> => {
      calls.push(`${verb} ${name}`.trim())
      return Promise.resolve()
    }
  const provider = {
    checkEngine: () => Promise.resolve('Docker 26'),
    ensureImage: () => note('image')(),
    ensureNetwork: () => note('network')().then(() => !hasNetwork),
    ensureVolume: () => note('volume')().then(() => !hasNetwork),
    create: ({ name }: { name: string }) => note('create')(name),
    putFiles: note('files'),
    restartStaleAgent: note('agent'),
    start: note('start'),
    unpause: note('unpause'),
    remove: note('remove'),
    removeNetwork: note('remove network'),
    removeVolume: note('remove volume'),
  } as unknown as WorkerProvider
  const recipe = (names: string[]): WorkerRecipe => ({
    names,
    provider,
    sizeOf: () => ({}),
    clock: systemClock,
    machines: () => new Map(present.map((machine) => [machine.name, machine])),
    refresh: () => Promise.resolve(),
    filesOf: () => Promise.resolve({ files: [], version: '1' }),
    removeNode: note('remove node'),
    connected: note('connect'),
    ready: (name) => (name === broken ? Promise.reject(new Error(`${name} has ended`)) : note('ready')(name)),
  })
  const run = (...names: string[]): Promise<void> =>
    provision(recipe(names), {
      progress: () => undefined,
      log: () => undefined,
      signal: new AbortController().signal,
    })
  return { calls, run }
}

test('creates, starts, connects and waits, in this order', async () => {
  const { calls, run } = setUp({})
  await run('w1')
  expect(calls).toEqual(['image', 'network', 'volume', 'create w1', 'start w1', 'connect w1', 'ready w1'])
})

test('keeps workers that are there, with new files, and starts them as their state asks for', async () => {
  const { calls, run } = setUp({
    hasNetwork: true,
    present: [
      { name: 'w1', state: 'running', agentPort },
      { name: 'w2', state: 'paused', agentPort },
      { name: 'w3', state: 'stopped', agentPort },
    ],
  })
  await run('w1', 'w2', 'w3')
  expect(calls.filter((call) => call.startsWith('create'))).toEqual([])
  expect(calls.filter((call) => /^(start|unpause|agent)/.test(call)).sort()).toEqual([
    'agent w1',
    'agent w2',
    'agent w3',
    'start w3',
    'unpause w2',
  ])
})

test('a failure removes what this run made, and nothing else', async () => {
  const { calls, run } = setUp({ present: [{ name: 'w1', state: 'running', agentPort }], broken: 'w2' })
  await expect(run('w1', 'w2')).rejects.toThrow('w2 has ended')
  expect(calls.filter((call) => call.startsWith('remove'))).toEqual([
    'remove w2',
    'remove node w2',
    'remove volume',
    'remove network',
  ])
})

test('a network and a volume that were there before stay', async () => {
  const { calls, run } = setUp({ hasNetwork: true, broken: 'w1' })
  await expect(run('w1')).rejects.toThrow('w1 has ended')
  expect(calls.filter((call) => call.startsWith('remove'))).toEqual(['remove w1', 'remove node w1'])
})
