import { call } from '@orpc/server'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf } from '#shared/base/message-of.ts'
import { silentLog } from '#shared/base/log.ts'
import { openBack, type Back } from './back.ts'
import { findInstallation } from './installation.ts'

let home: string
let back: Back

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-back-'))
  for (const name of ['locked', 'free']) {
    await mkdir(join(home, 'clusters', name), { recursive: true })
    const spec = { name, workers: 1, simulated: true }
    await writeFile(
      join(home, 'clusters', name, 'cluster.json'),
      JSON.stringify({ spec, workers: [`${name}-worker-1`] }),
    )
  }
  back = await openBack({
    ...{ home, mode: 'headless', installation: findInstallation(), log: silentLog, quit: () => undefined },
  })
  await back.data.saveSettings({ readOnly: { 'local:locked': true } })
})
afterAll(async () => {
  await back.close('keep')
  await rm(home, { recursive: true })
})

test('a locked cluster that does not run takes nothing that changes it', async () => {
  const { care, clusters } = back.router
  const context = { context: {} }
  const outcomes = (cluster: string): Promise<string[]> => {
    const tries: Promise<unknown>[] = [
      call(care.restoreSnapshot, { cluster, snapshot: 'none', first: true }, context),
      call(care.limitWorker, { cluster, worker: `${cluster}-worker-1`, limits: { cpus: 1 } }, context),
      call(care.rotateCertificates, { cluster, authorities: true }, context),
      call(care.pruneImages, { cluster }, context),
      call(care.importManifests, { cluster, manifests: 'kind: A', dryRun: false }, context),
      call(care.loadImage, { cluster, reference: 'shop:1' }, context),
      call(clusters.removeWorker, { cluster, worker: `${cluster}-worker-1` }, context),
      call(clusters.addWorker, { name: cluster }, context),
      call(clusters.delete, { name: cluster }, context),
    ]
    return Promise.all(tries.map((one) => one.then(String, messageOf)))
  }
  const isRefusal = (message: string): boolean => message.includes('read-only in Slipway')
  expect((await outcomes('locked')).filter((message) => !isRefusal(message))).toEqual([])
  expect((await outcomes('free')).filter(isRefusal)).toEqual([])
})
