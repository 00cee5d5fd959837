import { expect, test } from 'vitest'
import type { Cluster, Worker } from '#shared/contract/clusters.ts'
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
  expect(trayModel([])).toEqual({ state: 'idle', text: 'No cluster runs', clusters: [] })
  const model = trayModel([
    cluster('dev', 'running', ready, ready),
    cluster('old', 'stopped', worker('stopped', false)),
  ])
  expect(model).toEqual({
    state: 'running',
    text: '1 cluster runs',
    clusters: [
      { name: 'dev', text: 'dev: 2 of 2 workers Ready', action: 'stop' },
      { name: 'old', text: 'old: stopped', action: 'start' },
    ],
  })
  expect(trayModel([cluster('a', 'running'), cluster('b', 'running')]).text).toBe('2 clusters run')
  expect(trayModel([cluster('a', 'starting')]).clusters[0]?.action).toBeUndefined()
})

test('a lost worker or a failed cluster is trouble; a worker that the user stopped is not', () => {
  const lost = trayModel([cluster('dev', 'running', ready, worker('dead', false))])
  expect(lost).toMatchObject({ state: 'trouble', text: '1 cluster runs, dev has trouble' })
  expect(trayModel([cluster('dev', 'failed')]).state).toBe('trouble')
  expect(trayModel([cluster('dev', 'running', ready, worker('stopped', false))]).state).toBe('running')
})
