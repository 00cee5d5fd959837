// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { deployments, secrets } from '#shared/kube/resources.ts'
import { stored } from '#test/support/stored.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import type { Lack } from '../../promote/lacks.ts'
import { effectOf } from '../../promote/plan.ts'
import DoneCard from './DoneCard.vue'
import LacksCard from './LacksCard.vue'
import PlannedRow from './PlannedRow.vue'
import PromoteView from './PromoteView.vue'

let face: Face
afterEach(() => face.unmount())
const at = '/c/local:dev/promote/shop'
const objects = { 'local:dev': {}, 'kubeconfig:prod': {} }

test('asks nothing of a cluster that the user has not chosen', async () => {
  face = await mountFace(PromoteView, at, { objects })
  expect(face.calls['local:dev']?.length).toBeGreaterThan(0)
  expect(face.calls['kubeconfig:prod']).toBeUndefined()
  await face.router.push(`${at}?to=kubeconfig:prod`)
  await settle()
  expect(face.calls['kubeconfig:prod']?.length).toBeGreaterThan(0)
})

test('each lack says what can be done about it', async () => {
  const said: unknown[] = []
  const lacks: Lack[] = [
    { is: 'kind', name: 'Coupon example.com/v1', keys: ['coupons.example.com/spring'] },
    { is: 'object', kind: 'Secret', name: 'token', by: 'Deployment web', count: 2 },
    { is: 'object', kind: 'ConfigMap', name: 'gone', by: 'Deployment web', count: 1 },
  ]
  const props = {
    ...{ lacks, place: 'prod / shop', classes: { StorageClass: [], IngressClass: [] } },
    ...{ takeable: new Set(['Secret/token']), onLeaveOut: (keys: unknown) => said.push(keys) },
    onTake: (name: unknown) => said.push(name),
  }
  face = await mountFace(LacksCard, at, { objects, props })
  expect(face.text()).toContain('1 to fix')
  expect(face.text()).toContain('Secret token, named by Deployment web and 1 more, is neither there nor taken along')
  await face.press('Leave out 1')
  await face.press('Take Secret token')
  expect(() => face.button(/gone/)).toThrow('no button')
  expect(said).toEqual([['coupons.example.com/spring'], 'Secret/token'])
})

test('values of a Secret are hidden on both sides, and that they differ is said', async () => {
  const secret = (value: string): KubeObject =>
    ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, data: { key: value } }) as KubeObject
  const [before, after] = [secret('b2xk'), secret('bmV3')]
  const props = {
    planned: { key: 'secrets/token', resource: secrets, body: after },
    verdict: { before, after, effect: effectOf(before, after), conflicts: [] },
    blocked: false,
  }
  face = await mountFace(PlannedRow, at, { objects, props })
  await face.press('Show what changes in Secret token')
  await expect.poll(() => face.text()).toContain('Only values of the Secret differ')
  expect(document.body.innerHTML).not.toMatch(/b2xk|bmV3/)
})

test('afterwards it says what was done, what is refused, and what once more would change', async () => {
  const web = stored({ metadata: { name: 'web', namespace: 'shop', uid: 'u' } })
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }
  const promotion = {
    ...{ at: Date.now(), wanted: 2, failed: { name: 'Job import', reason: 'exceeded quota' } },
    written: [{ key: 'deployments/web', resource: deployments, body, before: undefined, after: web }],
  }
  const target = { context: 'kubeconfig:prod', name: 'prod', namespace: 'shop' }
  const props = { promotion, target, place: 'prod / shop', drift: 1, busy: false }
  face = await mountFace(DoneCard, at, { objects, props })
  expect(face.text()).toContain('1 of 2')
  expect(face.text()).toContain('1 would change')
  expect(face.text()).toContain('Job import was refused, and what comes after it was not tried: exceeded quota')
})
