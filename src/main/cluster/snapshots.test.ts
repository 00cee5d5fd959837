import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { keyFiles } from '#main/keys/key-files.ts'
import { threadEntries } from '#test/support/thread-entries.ts'
import { createHostEngine } from './engine.ts'
import { writeArchive, type SnapshotHead } from './snapshot/archive.ts'
import { clusterVolume, createSnapshots } from './snapshots.ts'

const engine = createHostEngine({ imageContexts: '/nowhere' })

test('a cluster that got its workers later has volumes, too', () => {
  const spec = { name: 'dev', workers: 0 }
  expect(clusterVolume(engine, { spec, workers: ['dev-worker-1'] })).toBeDefined()
  expect(clusterVolume(engine, { spec, workers: [] })).toBeUndefined()
  expect(clusterVolume(engine, { spec: { ...spec, simulated: true }, workers: ['dev-worker-1'] })).toBeUndefined()
})

test('of the settings in a file that may be somebody else’s, those of users alone come into the folder', async () => {
  const home = await mkdtemp(join(tmpdir(), 'slipway-fill-'))
  try {
    const spec = { name: 'dev', workers: 0, simulated: true }
    const head: SnapshotHead = {
      ...{ format: 1, name: 'a', takenAt: 0, version: 'test', spec, workers: [], revision: 1, objects: 0, volumes: 0 },
    }
    const file = join(home, 'a.slipway')
    await writeArchive(file, head, [
      ['setting/kubelet.yaml', [Buffer.from('{}')]],
      ['setting/secret.key', [Buffer.from('known')]],
      ['setting/kubeconfig', [Buffer.from('elsewhere')]],
      ['objects', []],
    ])
    const snapshots = createSnapshots({
      ...{ engine, threads: threadEntries, keys: keyFiles(), version: 'test', clock: systemClock, log: silentLog },
    })
    const work = { progress: () => undefined, log: () => undefined, signal: new AbortController().signal }
    const dir = join(home, 'dev')
    await snapshots.fill({ dir, spec, workers: [], snapshot: { file, head }, keepKeys: false, work })
    const files = await readdir(dir)
    expect(files).toContain('kubelet.yaml')
    expect(files).not.toContain('kubeconfig')
  } finally {
    await rm(home, { recursive: true })
  }
})
