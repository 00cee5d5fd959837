import { expect, test } from 'vitest'
import type { Cluster, Worker } from '#shared/contract/clusters.ts'
import { de } from './texts/de.ts'
import { en } from './texts/en.ts'
import { trayModel } from './tray-model.ts'

const worker = (state: Worker['state'], ready: boolean): Worker => ({ name: 'w', state, ready, simulated: false })
const cluster = (name: string, state: Cluster['state'], ...workers: Worker[]): Cluster => ({
  name,
  state,
  simulated: false,
  version: 'v1.36.0',
  spec: { name, workers: workers.length },
  workers,
})
const ready = worker('running', true)

test('the tray says how many clusters run, and offers to start and stop each', () => {
  expect(trayModel([], en)).toEqual({ state: 'idle', text: 'No cluster runs', clusters: [] })
  const model = trayModel(
    [cluster('dev', 'running', ready, ready), cluster('old', 'stopped', worker('stopped', false))],
    en,
  )
  expect(model).toEqual({
    state: 'running',
    text: '1 cluster runs',
    clusters: [
      { name: 'dev', text: 'dev: 2 of 2 workers Ready', action: 'stop' },
      { name: 'old', text: 'old: stopped', action: 'start' },
    ],
  })
  expect(trayModel([cluster('a', 'running'), cluster('b', 'running')], en).text).toBe('2 clusters run')
  expect(trayModel([cluster('a', 'starting')], en).clusters[0]?.action).toBeUndefined()
})

test('a lost worker or a failed cluster is trouble; a worker that the user stopped is not', () => {
  const lost = trayModel([cluster('dev', 'running', ready, worker('dead', false))], en)
  expect(lost).toMatchObject({ state: 'trouble', text: '1 cluster runs, dev has trouble' })
  expect(trayModel([cluster('dev', 'failed')], en).state).toBe('trouble')
  expect(trayModel([cluster('dev', 'running', ready, worker('stopped', false))], en).state).toBe('running')
})

test('the tray speaks German', () => {
  const model = trayModel(
    [
      cluster('dev', 'running', ready, worker('dead', false)),
      cluster('one', 'running', ready),
      cluster('bare', 'running'),
      cluster('old', 'deleting'),
    ],
    de,
  )
  expect(model.text).toBe('3 Cluster laufen, dev hat ein Problem')
  expect(model.clusters.map(({ text }) => text)).toEqual([
    'dev: 1 von 2 Workern Ready',
    'one: 1 von 1 Worker Ready',
    'bare: keine Worker',
    'old: wird gelöscht',
  ])
})
