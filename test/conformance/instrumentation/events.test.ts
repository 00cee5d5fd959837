import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'

const { api, namespace: newNamespace } = await simulatedServer()

interface Place {
  namespace: string
  core: string
  events: string
  label: string
  mine: { labelSelector: string }
}
const place = async (): Promise<Place> => {
  const namespace = await newNamespace()
  const label = uniqueName('event')
  return {
    namespace,
    core: `/api/v1/namespaces/${namespace}/events`,
    events: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    label,
    mine: { labelSelector: `case=${label}` },
  }
}

const now = (): string => `${new Date().toISOString().slice(0, -1)}000Z`

const coreEvent = ({ namespace, label }: Place, name: string): object => ({
  metadata: { name, labels: { case: label } },
  message: 'This is a test event',
  reason: 'Test',
  type: 'Normal',
  count: 1,
  involvedObject: { namespace },
})

test('[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]', async () => {
  const here = await place()
  const { core, mine } = here
  const at = `${core}/life`
  const watching = await api.watch(core, mine)
  await api.create(core, coreEvent(here, 'life'))
  expect(await watching.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'life' } } })
  expect((await api.get('/api/v1/events', mine)).items).toHaveLength(1)

  await api.patch(at, { message: 'This is a test event - patched' }, 'strategic')
  expect(await watching.next()).toMatchObject({
    type: 'MODIFIED',
    object: { message: 'This is a test event - patched' },
  })
  expect((await api.get(at)).message).toBe('This is a test event - patched')

  const series = { count: 100, lastObservedTime: '2014-10-10T03:09:20.000000Z' }
  await api.change(at, (event) => (event.series = series))
  expect((await watching.next()).object.series).toEqual(series)
  expect((await api.get(at)).series).toEqual(series)

  await api.delete(core, undefined, mine)
  expect((await watching.next()).type).toBe('DELETED')
  expect((await api.get('/api/v1/events', mine)).items).toEqual([])
})

test('[sig-instrumentation] Events should delete a collection of events [Conformance]', async () => {
  const here = await place()
  const names = ['one', 'two', 'three']
  for (const name of names) await api.create(here.core, coreEvent(here, name))
  expect((await api.get(here.core, here.mine)).items).toHaveLength(names.length)
  await api.delete(here.core, undefined, here.mine)
  expect((await api.get(here.core, here.mine)).items).toEqual([])
})

const newEvent = ({ namespace, label }: Place, name: string, more: object = {}): object => ({
  metadata: { name, labels: { case: label } },
  regarding: { namespace },
  eventTime: now(),
  note: `This is ${name}`,
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  reportingController: 'test-controller',
  reportingInstance: 'test-node',
  ...more,
})

test('[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]', async () => {
  const here = await place()
  const { events, core, mine } = here
  const at = `${events}/one`
  const made = await api.create(events, newEvent(here, 'one', { series: { count: 2, lastObservedTime: now() } }))
  expect(made.eventTime).toMatch(/\.\d{6}Z$/)
  const namesOf = ({ items }: Wire): string[] => items.map(({ metadata }: Wire) => metadata.name)
  expect(namesOf(await api.get('/apis/events.k8s.io/v1/events', mine))).toEqual(['one'])
  expect(namesOf(await api.get(events))).toEqual(['one'])
  expect(namesOf(await api.get(events, { fieldSelector: 'reportingController=test-controller' }))).toEqual(['one'])
  expect(namesOf(await api.get(core, { fieldSelector: 'reportingComponent=test-controller' }))).toEqual(['one'])

  const before = await api.get(at)
  await api.patch(at, { note: 'patched', series: null }, 'strategic')
  const patched = await api.get(at)
  expect(patched).toMatchObject({ note: 'patched', eventTime: before.eventTime, regarding: before.regarding })
  expect(patched.series).toBeUndefined()

  const series = { count: 100, lastObservedTime: '2014-10-10T03:09:20.000001Z' }
  await api.change(at, (event) => (event.series = series))
  expect((await api.get(at)).series).toEqual(series)

  await api.delete(at)
  expect(namesOf(await api.get(events))).toEqual([])
  expect(namesOf(await api.get(core, mine))).toEqual([])
})

test('[sig-instrumentation] Events API should delete a collection of events [Conformance]', async () => {
  const here = await place()
  for (const name of ['one', 'two', 'three']) await api.create(here.events, newEvent(here, name))
  expect((await api.get(here.events, here.mine)).items).toHaveLength(3)
  await api.delete(here.events, undefined, here.mine)
  expect((await api.get(here.events, here.mine)).items).toEqual([])
})
