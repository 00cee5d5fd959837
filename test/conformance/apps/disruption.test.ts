import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import { isReady, podUntil, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()
const title = (words: string): string => `[sig-apps] DisruptionController ${words} [Conformance]`

const labels = { foo: 'bar' }

interface Place {
  budgets: string
  pods: string
}
const place = async (): Promise<Place> => {
  const name = await namespace()
  return { budgets: `/apis/policy/v1/namespaces/${name}/poddisruptionbudgets`, pods: `/api/v1/namespaces/${name}/pods` }
}

/** Makes a budget and waits until the controller has seen it. @returns its path */
async function budget({ budgets }: Place, minAvailable: number | string, name = 'foo', more = {}): Promise<string> {
  const spec = { selector: { matchLabels: labels }, minAvailable }
  await api.create(budgets, { metadata: { name, labels: more }, spec })
  return processed(`${budgets}/${name}`)
}

async function processed(at: string): Promise<string> {
  await statusUntil(at, 'of the generation of now', () => true)
  return at
}

const statusUntil = (at: string, what: string, wanted: (status: Wire) => boolean): Promise<Wire> =>
  eventually(`the budget's status: ${what}`, async () => {
    const { metadata, status } = await api.get(at)
    return (status?.observedGeneration ?? 0) >= metadata.generation && wanted(status) ? status : undefined
  })

/** Makes pods that the budgets select and waits until they are ready. @returns their names */
async function readyPods({ pods }: Place, ...names: string[]): Promise<string[]> {
  const { metadata, spec } = podWith(labels)
  for (const name of names) await api.create(pods, { metadata: { ...metadata, name }, spec })
  for (const name of names) await podUntil(api, `${pods}/${name}`, isReady)
  return names
}

const evict = ({ pods }: Place, name: string): ReturnType<typeof api.ask> =>
  api.ask('POST', `${pods}/${name}/eviction`, {
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } },
  })

async function expectBlocked(there: Place, name: string): Promise<void> {
  const { status, json } = await evict(there, name)
  expect([status, json.reason, json.message]).toEqual([
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
  ])
  expect(json.details.causes).toMatchObject([{ reason: 'DisruptionBudget' }])
  expect((await api.get(`${there.pods}/${name}`)).metadata.deletionTimestamp).toBeUndefined()
}

async function expectEvicted(there: Place, name: string): Promise<void> {
  const { status, text } = await evict(there, name)
  expect([status, text]).toEqual([201, expect.any(String)])
  await eventually(`${name} is gone`, async () => (await api.ask('GET', `${there.pods}/${name}`)).status === 404)
}

test(title('should create a PodDisruptionBudget'), async () => {
  const at = await budget(await place(), '1%')
  expect((await api.get(at)).spec.minAvailable).toBe('1%')
  await api.change(at, ({ spec }) => (spec.minAvailable = '2%'))
  await processed(at)
  expect((await api.get(at)).spec.minAvailable).toBe('2%')
  for (const type of ['merge', 'strategic', 'json'] as const) {
    const value = { merge: '3%', strategic: '4%', json: '5%' }[type]
    const patch =
      type === 'json' ? [{ op: 'replace', path: '/spec/minAvailable', value }] : { spec: { minAvailable: value } }
    await api.patch(at, patch, type)
    await processed(at)
    expect((await api.get(at)).spec.minAvailable).toBe(value)
  }
  await api.delete(at)
  expect((await api.ask('GET', at)).status).toBe(404)
})

test(title('should observe PodDisruptionBudget status updated'), async () => {
  const there = await place()
  const at = await budget(there, 1)
  expect((await api.get(at)).status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 0 })
  await readyPods(there, 'a', 'b', 'c')
  const status = await statusUntil(at, 'disruptions are allowed', ({ currentHealthy }) => currentHealthy === 3)
  expect(status).toMatchObject({
    disruptionsAllowed: 2,
    desiredHealthy: 1,
    expectedPods: 3,
    conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
  })
})

test(title('should update/patch PodDisruptionBudget status'), async () => {
  const there = await place()
  const at = await budget(there, 1)
  const [pod = ''] = await readyPods(there, 'a', 'b')
  await statusUntil(at, 'one may go', ({ disruptionsAllowed }) => disruptionsAllowed === 1)
  const now = new Date().toISOString().replace(/\.\d+/, '')
  const updated = await api.change(`${at}/status`, ({ status }) => (status.disruptedPods = { [pod]: now }))
  expect(updated.status.disruptedPods).toEqual({ [pod]: now })
  // A pod that is about to go is not healthy: none may follow it.
  await statusUntil(at, 'none may go', (status) => status.currentHealthy === 1 && status.disruptionsAllowed === 0)
  expect((await api.get(`${at}/status`)).status.disruptedPods).toEqual({ [pod]: now })
  const patched = await api.patch(`${at}/status`, { status: { disruptedPods: null } })
  expect(patched.status.disruptedPods).toBeUndefined()
  await statusUntil(at, 'one may go again', ({ disruptionsAllowed }) => disruptionsAllowed === 1)
})

test(title('should block an eviction until the PDB is updated to allow it'), async () => {
  const there = await place()
  const [first = '', second = ''] = await readyPods(there, 'a', 'b', 'c')
  const at = await budget(there, 3)
  await statusUntil(at, 'all are needed', ({ currentHealthy }) => currentHealthy === 3)
  await expectBlocked(there, first)

  await api.change(at, ({ spec }) => (spec.minAvailable = 2))
  await statusUntil(at, 'one may go', ({ disruptionsAllowed }) => disruptionsAllowed === 1)
  await expectEvicted(there, first)

  await readyPods(there, 'd')
  await api.patch(at, { spec: { minAvailable: 3 } })
  await statusUntil(at, 'all are needed again', (status) => status.currentHealthy === 3 && status.desiredHealthy === 3)
  await expectBlocked(there, second)
  await api.delete(at)
  await expectEvicted(there, second)
})

test(
  title('Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets'),
  async () => {
    const [here, elsewhere] = [await place(), await place()]
    const set = uniqueName('set')
    const mine = { labelSelector: `set=${set}` }
    for (const [there, name] of [
      [here, 'foo'],
      [here, 'foo2'],
      [elsewhere, 'foo3'],
    ] as const)
      await budget(there, '1%', name, { set })
    await budget(here, '1%', 'stranger')
    const namesIn = async (path: string, query?: typeof mine): Promise<string[]> =>
      (await api.get(path, query)).items.map(({ metadata }: Wire) => metadata.name).sort()
    const everywhere = '/apis/policy/v1/poddisruptionbudgets'
    expect(await namesIn(everywhere, mine)).toEqual(['foo', 'foo2', 'foo3'])
    expect(await namesIn(here.budgets, mine)).toEqual(['foo', 'foo2'])
    await api.delete(here.budgets, undefined, mine)
    await eventually('those of the namespace are gone', async () => {
      return (await namesIn(here.budgets, mine)).length === 0
    })
    expect(await namesIn(here.budgets)).toEqual(['stranger'])
    expect(await namesIn(everywhere, mine)).toEqual(['foo3'])
  },
)
