import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { deployments, pods } from '#shared/kube/resources.ts'
import { targetOf, type ObjectTarget } from '../composables/target.ts'
import { useDock, type Panel } from './dock.ts'

beforeEach(() => setActivePinia(createPinia()))

const web = (changes: Partial<ObjectTarget> = {}): ObjectTarget => ({
  ...targetOf('local:dev', deployments, { metadata: { name: 'web', namespace: 'default', uid: 'u1' } }),
  ...changes,
})
const edit = (target: ObjectTarget): Panel => ({ panel: 'edit', target, resource: deployments })
const logs = (target: ObjectTarget): Panel => ({ panel: 'logs', target, source: { selector: 'app=web' } })

test.each([
  ['cluster', edit(web({ context: 'local:prod' }))],
  ['namespace', edit(web({ namespace: 'shop' }))],
  ['kind', edit(web({ kind: 'StatefulSet' }))],
  ['API group', edit(web({ apiVersion: 'example.org/v1' }))],
  ['name', edit(web({ name: 'web-2' }))],
  ['uid: created again under its name', edit(web({ uid: 'u2' }))],
  ['panel', logs(web())],
])('a tab on another %s is another tab', (_difference, other) => {
  const dock = useDock()
  const first = dock.show(edit(web()))
  expect(dock.show(other)).not.toBe(first)
  expect(dock.tabs).toHaveLength(2)
})

test('the same panel on the same target comes to the front', () => {
  const dock = useDock()
  const first = dock.show(edit(web()))
  dock.show(logs(web()))
  expect(dock.show(edit(web()))).toBe(first)
  expect(dock.active).toBe(first)
  expect(dock.tabs).toHaveLength(2)
})

test('each cluster has its own tab for deploying', () => {
  const dock = useDock()
  const dev = dock.show({ panel: 'deploy', target: { context: 'local:dev' } })
  const prod = dock.show({ panel: 'deploy', target: { context: 'kubeconfig:prod' } })
  expect(prod).not.toBe(dev)
  expect(dock.show({ panel: 'deploy', target: { context: 'local:dev' } })).toBe(dev)
})

test('each terminal is a session of its own', () => {
  const dock = useDock()
  const target = targetOf('local:dev', pods, { metadata: { name: 'web', namespace: 'default', uid: 'u1' } })
  const shell: Panel = { panel: 'terminal', target, containers: ['c'] }
  expect(dock.show(shell)).not.toBe(dock.show(shell))
})

test('the tabs of a deleted cluster close, and the others stay', () => {
  const dock = useDock()
  dock.show({ panel: 'deploy', target: { context: 'local:dev' } })
  const kept = dock.show(edit(web({ context: 'local:prod' })))
  dock.show(edit(web()))
  dock.closeContext('local:dev')
  expect(dock.tabs.map(({ id }) => id)).toEqual([kept])
  expect(dock.active).toBe(kept)
})

test('tabs are moved, and two of them are shown side by side until one of them closes', () => {
  const dock = useDock()
  const [first, second, third] = ['a', 'b', 'c'].map((context) => dock.show({ panel: 'deploy', target: { context } }))
  dock.move(third ?? '', -2)
  expect(dock.tabs.map(({ id }) => id)).toEqual([third, first, second])
  dock.select(first ?? '')
  dock.split()
  expect([dock.active, dock.beside]).toEqual([first, second])
  dock.select(second ?? '')
  expect([dock.active, dock.beside]).toEqual([second, first])
  dock.close(first ?? '')
  expect(dock.beside).toBeUndefined()
})
