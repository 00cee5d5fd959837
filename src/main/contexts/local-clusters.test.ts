import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { threadEntries } from '#test/support/thread-entries.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { openLocalClusters, type LocalClusters } from './local-clusters.ts'
import { createHostEngine, openCluster, removeLeftovers, type HostEngine } from '#main/cluster/index.ts'

const dirs: string[] = []
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true })
})

/** An engine that does not answer. */
const missing: HostEngine = {
  ...createHostEngine({ workerImageContext: '/nowhere' }),
  connect: () => Promise.reject(new Error('no engine')),
  state: () => Promise.resolve({ state: 'unreachable' }),
}
const engine: HostEngine = {
  ...missing,
  providerFor: (name) => ({
    ...createHostEngine({ workerImageContext: '/nowhere' }).providerFor(name),
    list: () => Promise.reject(new Error('no engine')),
    removeNetwork: () => Promise.reject(new Error('no engine')),
    removeVolume: () => Promise.reject(new Error('no engine')),
    onChange: () => () => undefined,
  }),
}

async function open(): Promise<LocalClusters> {
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
    removeLeftovers: (leftovers) => removeLeftovers({ ...leftovers, engine }),
    engine: () => engine.state(),
    clock: systemClock,
    log: silentLog,
    version: 'test',
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
