import { expect, test } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'
import { conflict, notFound } from '#shared/kube/status.ts'
import { stored } from '#test/support/stored.ts'
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

test('a drain cordons, then evicts all but what DaemonSets and files brought, and what is leaving', async () => {
  const items = [
    podOf('plain'),
    podOf('daemon', { ownerReferences: [{ kind: 'DaemonSet', controller: true }] }),
    podOf('mirror', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    podOf('leaving', { deletionTimestamp: '2026-11-23T09:00:00Z' }),
  ]
  const { calls, actions } = scene({ list: { items } })
  const told: string[] = []
  await actions.drain(node, (done, of) => told.push(`${done}/${of}`))
  expect(calls.map(([name]) => name)).toEqual(['patch', 'list', 'post'])
  expect(calls[0]?.[2]).toMatchObject({ body: { spec: { unschedulable: true } } })
  expect(calls[2]?.slice(1, 3)).toEqual([{ namespace: 'a', name: 'plain' }, 'eviction'])
  expect(told).toEqual(['1/1'])
})

test('a roll-back takes the whole template of the revision, without the hash that is not its own', async () => {
  const { calls, actions } = scene()
  const template = { metadata: { labels: { app: 'web', 'pod-template-hash': 'abc' } }, spec: { containers: [] } }
  const set = { metadata: {}, spec: { selector: {}, template } }
  await actions.rollBack(podOf('web'), set)
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
  await actions.rollBack(web, { metadata: {}, spec: { selector: {}, template: { spec: { containers: [] } } } })
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
