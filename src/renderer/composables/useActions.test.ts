import { expect, test } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { deployments, pods } from '#shared/kube/resources.ts'
import { conflict, failure, notFound } from '#shared/kube/status.ts'
import { stored } from '#test/support/stored.ts'
import { drainPlan, refusedPods } from './drain-plan.ts'
import { useActions } from './useActions.ts'

type Call = [verb: string, ...rest: unknown[]]
function scene(answers: Record<string, unknown> = {}) {
  const calls: Call[] = []
  const verb =
    (name: string) =>
    (_resource: unknown, ...rest: unknown[]): Promise<unknown> => {
      calls.push([name, ...rest])
      const answer = answers[name]
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    }
  const client = Object.fromEntries(['delete', 'patch', 'list', 'post'].map((name) => [name, verb(name)]))
  return { calls, actions: useActions(() => client as unknown as Client) }
}
const node = stored({ metadata: { name: 'w1' } })
const podOf = (name: string, metadata: object = {}): Stored =>
  stored({ metadata: { name, namespace: 'a', ...metadata } })

const daemon = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'd', controller: true }],
}
const set = { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }] }

test('a drain cordons, then evicts the pods that it is given, each by its uid', async () => {
  const { calls, actions } = scene()
  const told: string[] = []
  const run = {
    onProgress: (uid: string, state: string) => told.push(`${uid} ${state}`),
    signal: new AbortController().signal,
  }
  await actions.drain(node, [stored<Pod>({ metadata: { name: 'web', namespace: 'a', uid: 'u1' } })], run)
  expect(calls.map(([name]) => name)).toEqual(['patch', 'post'])
  expect(calls[0]?.[2]).toMatchObject({ body: { spec: { unschedulable: true } } })
  expect(calls[1]?.slice(1)).toMatchObject([
    { namespace: 'a', name: 'web' },
    'eviction',
    { deleteOptions: { preconditions: { uid: 'u1' } } },
  ])
  expect(told).toEqual(['u1 evicted'])
})

test('a drain says which pods it could not evict, and stops where a budget refuses and the user does', async () => {
  const pod = stored<Pod>({ metadata: { name: 'web', namespace: 'a', uid: 'u1' } })
  const { actions } = scene({ post: failure(403, 'Forbidden', 'you may not') })
  const stop = new AbortController()
  await expect(actions.drain(node, [pod], { onProgress: () => undefined, signal: stop.signal })).rejects.toThrow(
    /^web: /,
  )
  const blocked = scene({ post: failure(429, 'TooManyRequests', 'the budget refuses') })
  const told: string[] = []
  const onProgress = (_uid: string, state: string): void => {
    told.push(state)
    stop.abort()
  }
  await expect(blocked.actions.drain(node, [pod], { onProgress, signal: stop.signal })).rejects.toThrow()
  expect(told.at(-1)).toBe('failed')
})

test('the plan of a drain treats pods as kubectl does', () => {
  const data = { volumes: [{ name: 'tmp', emptyDir: {} }], containers: [] }
  const pod = (name: string, metadata: object = {}, more: object = {}): Stored<Pod> =>
    stored<Pod>({ metadata: { name, namespace: 'a', uid: name, labels: { app: name }, ...metadata }, ...more })
  const budget = {
    metadata: { name: 'pdb', namespace: 'a' },
    spec: { selector: { matchLabels: { app: 'owned' } } },
    status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  }
  const plan = drainPlan(
    [
      pod('daemon', daemon),
      pod('mirror', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      pod('leaving', { deletionTimestamp: '2026-11-23T09:00:00Z' }),
      pod('bare'),
      pod('bare-data', {}, { spec: data }),
      pod('data', set, { spec: data }),
      pod('done', {}, { spec: data, status: { phase: 'Succeeded' } }),
      pod('owned', set),
    ],
    [budget],
  )
  expect(plan.map(({ pod: { metadata }, fate, budget: waits }) => [metadata.name, fate, waits])).toEqual([
    ['bare-data', 'bareEmptyDir', undefined],
    ['bare', 'bare', undefined],
    ['data', 'emptyDir', undefined],
    ['owned', 'moves', 'pdb'],
    ['done', 'ended', undefined],
    ['daemon', 'stays', undefined],
    ['mirror', 'stays', undefined],
  ])
  const names = (choice: { force: boolean; deleteEmptyDirData: boolean }): string[] =>
    refusedPods(plan, choice).map(({ pod: { metadata } }) => metadata.name)
  expect(names({ force: false, deleteEmptyDirData: false })).toEqual(['bare-data', 'bare', 'data'])
  expect(names({ force: true, deleteEmptyDirData: false })).toEqual(['bare-data', 'data'])
  expect(names({ force: true, deleteEmptyDirData: true })).toEqual([])
})

test('a roll-back takes the whole template of the revision, without the hash that is not its own', async () => {
  const { calls, actions } = scene()
  const template = { metadata: { labels: { app: 'web', 'pod-template-hash': 'abc' } }, spec: { containers: [] } }
  await actions.rollBack(deployments, podOf('web'), template)
  expect(calls[0]?.[2]).toMatchObject({
    type: 'json',
    body: [{ op: 'test' }, { value: { metadata: { labels: { app: 'web' } } }, path: '/spec/template' }],
  })
  expect(JSON.stringify(calls)).not.toContain('pod-template-hash')
  expect(template.metadata.labels).toHaveProperty('pod-template-hash')
})

test('every write is for the very object, and not for another of its name', async () => {
  const { calls, actions } = scene()
  const web = podOf('web', { uid: 'u1' })
  await actions.remove(pods, web)
  await actions.scale(pods, web, 2)
  await actions.restart(pods, web)
  await actions.cordon(web, true)
  await actions.rollBack(deployments, web, { spec: { containers: [] } })
  const test = { op: 'test', path: '/metadata/uid', value: 'u1' }
  expect(calls[0]).toMatchObject(['delete', {}, { preconditions: { uid: 'u1' } }])
  for (const call of calls.slice(1, 4)) expect(call[2]).toMatchObject({ body: { metadata: { uid: 'u1' } } })
  expect(calls[4]?.[2]).toMatchObject({ body: [test, {}] })
})

test('removes what is gone already, and says why something else cannot be', async () => {
  await scene({ delete: notFound({ group: '', resource: 'pods' }, 'x') }).actions.remove(pods, podOf('x'))
  const refusal = conflict({ group: '', resource: 'pods' }, 'x', 'changed')
  await expect(scene({ delete: refusal }).actions.remove(pods, podOf('x'))).rejects.toBe(refusal)
})
