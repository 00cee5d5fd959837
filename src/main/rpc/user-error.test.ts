import { call } from '@orpc/server'
import { describe, expect, test } from 'vitest'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import type { AppData } from '#main/contexts/app-data.ts'
import { appTopic } from './app.ts'
import { buildsTopic } from './builds.ts'
import { careTopic } from './care.ts'

const app = (data: Partial<AppData>) =>
  appTopic({
    info: { version: '', mode: 'headless', platform: '', dataFolder: '' },
    data: data as AppData,
    updates: () => Promise.reject(new Error('no route to the server')),
    samples: () => Promise.resolve([]),
    shellRequests: { onRequest: () => () => undefined },
    quit: () => Promise.reject(new Error('a cluster cannot be stopped')),
  })
const care = careTopic({
  clusters: {} as LocalClusters,
  contexts: { requireWritable: () => Promise.reject(new Error('dev is read-only')) },
  diagnostics: () => Promise.reject(new Error('no space left on device')),
})
const builds = buildsTopic({ look: () => Promise.reject(new Error('no such folder')), run: () => Promise.resolve() })
const said = (failed: Promise<unknown>): Promise<unknown> =>
  failed.then(
    () => 'nothing',
    (error: unknown) => (error as Error).message,
  )

describe('whatever a handler throws is told with its reason', () => {
  const full = (): Promise<never> => Promise.reject(new Error('ENOSPC: no space left on device, write'))
  test.each([
    ['settings', () => call(app({ saveSettings: full }).saveSettings, {}), 'ENOSPC: no space left on device, write'],
    [
      'a draft',
      () => call(app({ removeDraft: full }).removeDraft, { key: 'a' }),
      'ENOSPC: no space left on device, write',
    ],
    ['the end of the app', () => call(app({}).quit, { clusters: 'stop' }), 'a cluster cannot be stopped'],
    ['a look for updates', () => call(app({}).updates, undefined), 'no route to the server'],
    ['a bundle', () => call(care.diagnostics, { clusters: [], podLogs: false }), 'no space left on device'],
    ['a folder', () => call(builds.look, { folder: '/a' }), 'no such folder'],
  ])('%s', async (_, fails, reason) => expect(await said(fails())).toBe(reason))

  test('a stream', async () => {
    const stream = await call(care.uploadImage, opened({ cluster: 'dev' }))
    expect(await said(stream.next())).toBe('dev is read-only')
  })
})

describe('what no schema takes is told with its field', () => {
  test('in a call', async () => {
    const refused = call(care.clone, { cluster: 'dev', name: 'Bad_Name' })
    expect(await said(refused)).toBe('name: lower-case letters, digits and dashes')
  })

  test('in the opening of a stream', async () => {
    const stream = await call(care.uploadImage, opened({ cluster: 'Bad_Name' }))
    expect(await said(stream.next())).toBe('open.cluster: lower-case letters, digits and dashes')
  })
})

async function* opened(open: { cluster: string }) {
  yield { open }
  yield { credit: 1 }
  await new Promise(() => undefined)
}
