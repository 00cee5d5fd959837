import { afterEach, beforeEach, expect, it } from 'vitest'
import { namespaces, secrets } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startTokenCleaner } from './token-cleaner.ts'

const minute = 60_000
let clock: FakeClock
let plane: TestControlPlane
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  await plane.client.create(namespaces, { metadata: { name: 'kube-system' } })
  plane.start(startTokenCleaner)
})
afterEach(() => plane.stop())

const inMinutes = (minutes: number): string => new Date(clock.now() + minutes * minute).toISOString()
const makeToken = (name: string, expiration?: string, type = 'bootstrap.kubernetes.io/token') =>
  plane.client.create(secrets, {
    metadata: { name, namespace: 'kube-system' },
    type,
    stringData: { 'token-id': 'abcdef', ...(expiration === undefined ? {} : { expiration }) },
  })
const left = async (): Promise<(string | undefined)[]> =>
  (await plane.client.list(secrets, { namespace: 'kube-system' })).items.map(({ metadata }) => metadata.name)
const gone = (name: string) =>
  plane.until(secrets, (all) => all.every(({ metadata }) => metadata.name !== name), { namespace: 'kube-system' })
const pass = async (minutes: number): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await settle()
  await clock.advance(minutes * minute)
  for (let turn = 0; turn < 20; turn++) await settle()
}

it('deletes a bootstrap token when it has expired, and no sooner', async () => {
  await makeToken('bootstrap-token-soon', inMinutes(10))
  await makeToken('bootstrap-token-late', inMinutes(60))
  await makeToken('bootstrap-token-never')
  await pass(9)
  expect(await left()).toEqual(['bootstrap-token-late', 'bootstrap-token-never', 'bootstrap-token-soon'])
  await pass(2)
  expect(await left()).toEqual(['bootstrap-token-late', 'bootstrap-token-never'])
  await pass(60)
  expect(await left()).toEqual(['bootstrap-token-never'])
})

it('deletes what has an expiration that nobody can read', async () => {
  await makeToken('bootstrap-token-odd', 'tomorrow')
  await gone('bootstrap-token-odd')
})

it('leaves Secrets of other types alone', async () => {
  await makeToken('other', inMinutes(-10), 'Opaque')
  await makeToken('bootstrap-token-past', inMinutes(-10))
  await gone('bootstrap-token-past')
  expect(await left()).toEqual(['other'])
})
