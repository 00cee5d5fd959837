import { expect, test } from 'vitest'
import type { Cluster } from '#shared/contract/clusters.ts'
import { untilDeleted } from './until-deleted.ts'

test('says that the cluster is deleted once, and which others the app goes on for', async () => {
  const cluster = (name: string, state: Cluster['state']): Cluster => ({
    ...{ name, state, workers: [], version: '', simulated: false },
    spec: { name, workers: 0 },
  })
  let clusters = [cluster('dev', 'running'), cluster('spike', 'running'), cluster('old', 'stopped')]
  const listeners = new Set<() => void>()
  const change = (): void => listeners.forEach((listener) => listener())
  const onChange = (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  let deletion: object | undefined
  const deleted = untilDeleted({ list: () => clusters, onChange }, 'dev').then((found) => (deletion = found))
  clusters = [cluster('dev', 'deleting'), ...clusters.slice(1)]
  change()
  await Promise.resolve()
  expect(deletion).toBeUndefined()
  clusters = clusters.slice(1)
  change()
  expect(await deleted).toEqual({ others: ['spike'] })
  expect(listeners.size).toBe(0)
})
