import { expect, test } from 'vitest'
import type { Cluster } from '#shared/contract/clusters.ts'
import type { PersistentVolume, Pod } from '#shared/kube/generated/types.ts'
import { deleteQuestion, killQuestion, removeQuestion, stopQuestion } from './questions.ts'

const controlled: Pod = {
  metadata: { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: '1', controller: true }] },
}
const bare: Pod = { metadata: { name: 'b' } }
const scratch: Pod = { ...controlled, spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }] } }
const ended: Pod = { metadata: { name: 'c' }, status: { phase: 'Succeeded' } }
const volumeOn = (node: string): PersistentVolume => ({
  metadata: { name: 'pv' },
  spec: {
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
      },
    },
  },
})
const place = { cluster: 'dev', worker: 'dev-worker-1' }

test('killing names worker and cluster, what runs there, and what no one brings back', () => {
  const asked = killQuestion({ ...place, pods: [controlled, bare, ended] })
  expect(asked.title).toBe('Kill dev-worker-1 in dev?')
  expect(asked.verb).toBe('Kill dev-worker-1')
  expect(asked.text).toContain(
    '2 pods run there; those of controllers come back elsewhere. No one brings back 1 of them, which has no controller.',
  )
  expect(asked.typed).toBeUndefined()
  expect(killQuestion({ ...place, pods: [] }).text).toContain('No pods run there.')
})

test('removing counts the volumes whose data go, and asks for the name then', () => {
  const asked = removeQuestion({ ...place, pods: [scratch], volumes: [volumeOn('dev-worker-1'), volumeOn('other')] })
  expect(asked.text).toContain('1 pod runs there')
  expect(asked.text).toContain('The data of 2 volumes are lost.')
  expect(asked.typed).toBe('dev-worker-1')
  const harmless = removeQuestion({ ...place, pods: [controlled], volumes: [volumeOn('other'), { metadata: {} }] })
  expect(harmless.text).toContain('No data are lost.')
  expect(harmless.typed).toBeUndefined()
})

test('a cluster is stopped with its counts, and deleted by its name', () => {
  const cluster: Cluster = {
    name: 'dev',
    state: 'running',
    simulated: false,
    context: 'local:dev',
    version: '',
    spec: { name: 'dev', workers: 1 },
    workers: [{ name: 'dev-worker-1', state: 'running', ready: true, simulated: false }],
  }
  expect(stopQuestion(cluster, [controlled])).toMatchObject({ title: 'Stop dev?', verb: 'Stop dev' })
  expect(stopQuestion(cluster, [controlled]).text).toContain('Its one worker stop')
  const asked = deleteQuestion(cluster, [controlled], [{ metadata: {} }])
  expect(asked).toMatchObject({ title: 'Delete cluster dev?', typed: 'dev' })
  expect(asked.text).toContain('1 pod runs in it. The data of 1 volume are lost. This cannot be undone.')
  const { context: _, ...stopped } = cluster
  expect(deleteQuestion(stopped, [], []).text).toBe(
    'Its one worker and everything stored in it go with it. This cannot be undone.',
  )
})
