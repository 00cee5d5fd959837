import { call } from '@orpc/server'
import { expect, test, vi } from 'vitest'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import { failure } from '#shared/kube/status.ts'
import { careTopic } from './care.ts'

test('a cluster whose context is locked takes nothing that changes it', async () => {
  const importManifests = vi.fn(() => Promise.resolve([]))
  const [restore, prune, rotate, limit] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()]
  const clusters = {
    care: { importManifests, pruneImages: prune, rotateCertificates: rotate },
    snapshots: { restore },
    limitWorker: limit,
  } as unknown as LocalClusters
  const topic = careTopic({
    clusters,
    contexts: {
      requireWritable: (id) =>
        id === 'local:dev'
          ? Promise.reject(failure(403, 'Forbidden', 'dev is read-only in Slipway'))
          : Promise.resolve(),
    },
    diagnostics: () => Promise.reject(new Error('none')),
  })
  const refused = { code: 'FAILED', message: 'dev is read-only in Slipway' }
  const manifests = { cluster: 'dev', manifests: 'kind: A', dryRun: false }
  await expect(call(topic.importManifests, manifests, { context: {} })).rejects.toMatchObject(refused)
  const snapshot = { cluster: 'dev', snapshot: 'a', first: true }
  await expect(call(topic.restoreSnapshot, snapshot, { context: {} })).rejects.toMatchObject(refused)
  const image = { cluster: 'dev', reference: 'busybox' }
  await expect(call(topic.loadImage, image, { context: {} })).rejects.toMatchObject(refused)
  await expect(call(topic.pruneImages, { cluster: 'dev' }, { context: {} })).rejects.toMatchObject(refused)
  const rotation = { cluster: 'dev', authorities: false }
  await expect(call(topic.rotateCertificates, rotation, { context: {} })).rejects.toMatchObject(refused)
  const limits = { cluster: 'dev', worker: 'dev-worker-1', limits: { cpus: 1 } }
  await expect(call(topic.limitWorker, limits, { context: {} })).rejects.toMatchObject(refused)
  expect([importManifests, restore, prune, rotate, limit].flatMap(({ mock }) => mock.calls)).toEqual([])

  await call(topic.importManifests, { ...manifests, dryRun: true }, { context: {} })
  await call(topic.importManifests, { ...manifests, cluster: 'other' }, { context: {} })
  expect(importManifests).toHaveBeenCalledTimes(2)
})
