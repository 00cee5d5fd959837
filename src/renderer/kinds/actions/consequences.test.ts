import { expect, test } from 'vitest'
import type { Stored } from '#shared/kube/object.ts'
import {
  configMaps,
  cronJobs,
  deployments,
  jobs,
  persistentVolumeClaims,
  pods,
  secrets,
  serviceAccounts,
  type Resource,
} from '#shared/kube/resources.ts'
import { stored } from '#test/support/stored.ts'
import type { ClusterActions } from '../../composables/useActions.ts'
import { consequencesOf } from './consequences.ts'

const named = (name: string, more: object = {}): Stored => stored({ metadata: { name, namespace: 'shop', ...more } })
const uses = {
  containers: [{ name: 'app', envFrom: [{ configMapRef: { name: 'settings' } }] }],
  volumes: [{ persistentVolumeClaim: { claimName: 'data' } }],
  serviceAccountName: 'runner',
}
const workload = (name: string): Stored => ({ ...named(name), spec: { template: { spec: uses } } }) as Stored
const pod = (name: string, more: object, status: object = {}): Stored =>
  ({ ...named(name, more), spec: uses, status }) as Stored
const owned = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u', controller: true }],
}

const lists = new Map<Resource, Stored[]>([
  [deployments, [workload('web'), named('other')]],
  [cronJobs, [{ ...named('report'), spec: { jobTemplate: { spec: { template: { spec: uses } } } } } as Stored]],
  [jobs, [{ ...workload('import'), status: { completionTime: '2026-11-20T10:00:00Z' } } as Stored]],
  [pods, [pod('web-1-a', owned), pod('tool', {}), pod('done', {}, { phase: 'Succeeded' })]],
])
const volume = { ...named('pv'), spec: { persistentVolumeReclaimPolicy: 'Delete' } }
const cluster = {
  list: async (resource: Resource) => lists.get(resource) ?? [],
  get: async () => volume,
} as unknown as ClusterActions
const told = (resource: Resource, object: Stored, by = cluster) =>
  consequencesOf({ resource, title: resource.plural }, object, by)

test.each([
  [configMaps, 'settings', /start without it wait/],
  [serviceAccounts, 'runner', /No pods can be made for it/],
  [persistentVolumeClaims, 'data', /goes once no pod uses it/],
])('who uses a %o is named: workloads, and pods that nothing has made', async (resource, name, then) => {
  const { lines } = await told(resource, named(name))
  expect(lines[0]).toBe('Used by Deployment web, CronJob report, and Pod tool.')
  expect(lines[1]).toMatch(then)
})

test('nobody is named who uses another one, and a lost volume is told besides', async () => {
  expect(await told(secrets, named('token'))).toEqual({ lines: [], isFarReaching: false })
  const claim = { ...named('data'), spec: { volumeName: 'pv' } } as Stored
  const { lines, isFarReaching } = await told(persistentVolumeClaims, claim)
  expect(isFarReaching).toBe(true)
  expect(lines).toHaveLength(3)
  expect(lines.at(-1)).toContain('pv')
})

test('the first of many are named, and what may not be read is left out', async () => {
  const many = {
    list: async (resource: Resource) => {
      if (resource === pods) throw new Error('forbidden')
      return resource === deployments ? ['a', 'b', 'c', 'd', 'e', 'f'].map(workload) : []
    },
  } as unknown as ClusterActions
  const { lines } = await told(configMaps, named('settings'), many)
  expect(lines[0]).toBe('Used by Deployment a, Deployment b, Deployment c, and 3 more.')
})
