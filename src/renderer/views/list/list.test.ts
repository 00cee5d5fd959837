// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { h } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import { failure } from '#shared/kube/status.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import { stored } from '#test/support/stored.ts'
import { useDock } from '../../stores/dock.ts'
import { useManifests } from '../../stores/manifests.ts'
import { useSettings } from '../../stores/settings.ts'
import DialogHost from '../DialogHost.vue'
import ListView from '../ListView.vue'

let face: Face
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600)
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1_000)
})
afterEach(() => {
  face.unmount()
  vi.restoreAllMocks()
})

const deployment = (name: string, namespace: string, replicas: number): Stored =>
  stored({
    metadata: { name, namespace, uid: `${namespace}-${name}`, creationTimestamp: '2026-11-23T09:00:00Z' },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: { spec: { containers: [] } } },
  })
const pod = (name: string, owner?: string): Stored =>
  stored({
    metadata: {
      ...{ name, namespace: 'shop', uid: name, creationTimestamp: '2026-11-23T09:00:00Z' },
      ...(owner && {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
      }),
    },
  })

async function show(plural: string, objects: Record<string, Stored[]>): Promise<void> {
  const page = { render: () => [h(ListView), h(DialogHost)] }
  const back = { 'metrics.usages': [] }
  face = await mountFace(page, `/c/local:dev/${plural}`, { objects: { 'local:dev': objects }, back })
}
async function write(label: string, text: string): Promise<void> {
  const field = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)
  if (!field) throw new Error(`no field ${label}`)
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
}
const alerts = (): string[] => [...document.querySelectorAll('[role=alert]')].map(({ textContent }) => textContent)
const rows = (): number => document.querySelectorAll('[data-row]').length
async function selectAll(): Promise<void> {
  document.querySelector<HTMLInputElement>('[aria-label="Select all"]')?.click()
  await settle()
}

test('an empty list says what the kind is, and what other namespaces have', async () => {
  await show('deployments', { deployments: [deployment('web', 'shop', 2)] })
  await useSettings(face.pinia).setNamespaces('local:dev', ['default'])
  await vi.waitFor(() => expect(face.text()).toContain('A Deployment runs'))
  expect(face.text()).toContain('No Deployments in default')
  expect(face.text()).toContain('One exists in other namespaces.')
  expect(face.text()).not.toContain('hidden by the filter')
  await face.press('Show all namespaces')
  expect(rows()).toBe(1)
})

test.each([
  ['deployments', 'Create Deployment', { form: 'app' }, []],
  ['statefulsets', 'Create StatefulSet', {}, [/^apiVersion: apps\/v1\nkind: StatefulSet\n(.|\n)*namespace: shop\n/]],
])('an empty list of %s offers to create one', async (plural, label, begun, texts) => {
  await show(plural, {})
  await useSettings(face.pinia).setNamespaces('local:dev', ['shop'])
  await settle()
  await face.press(label)
  expect(useDock(face.pinia).tabs).toMatchObject([{ panel: 'deploy', target: { context: 'local:dev' }, ...begun }])
  const offered = useManifests(face.pinia).take()
  expect(offered.map(({ text }) => text)).toEqual(texts.map((text): unknown => expect.stringMatching(text)))
})

test('an empty list of what nobody writes by hand offers nothing', async () => {
  await show('events', {})
  expect(face.text()).toContain('No Events')
  expect(face.text()).not.toContain('Create')
})

test('a filter that hides all is told word by word, and one that is to blame can be dropped', async () => {
  await show('deployments', { deployments: [deployment('web', 'shop', 2), deployment('api', 'shop', 1)] })
  await write('Filter', 'ns:shop name:gone ')
  expect(face.text()).toContain('None of them matches ns:shop and name:gone')
  await face.press('Drop name:gone: 2 match')
  expect(rows()).toBe(2)
})

test.each(['-1', '1.5', 'abc', '99999999999', '3Gi'])('several are not scaled to %s', async (text) => {
  await show('deployments', { deployments: [deployment('web', 'shop', 2), deployment('api', 'shop', 1)] })
  await selectAll()
  await face.press(/^Scale$/)
  expect(face.text()).toContain('Now 2.')
  await write('Replicas', text)
  expect(alerts()).toEqual(['A whole number, 0 or more.'])
  expect(face.text()).not.toContain('kubectl')
  document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
  expect(face.calls['local:dev']?.filter(([verb]) => verb === 'patch')).toEqual([])
})

test('of several pods, those that nothing starts again are told', async () => {
  await show('pods', { pods: [pod('bare'), pod('web-1', 'web')] })
  await selectAll()
  await face.press(/^Delete 2 Pods/)
  const lines = [...document.querySelectorAll('[role=dialog] li')].map(({ textContent }) => textContent)
  expect(lines).toEqual(['shop/barenothing starts it again', 'shop/web-1'])
})

test.each(['bad key', '=', '<b>', 'x'.repeat(64), 'a\u202eb', '-x'])(
  '%j is no label to show as a column',
  async (text) => {
    await show('pods', { pods: [pod('bare')] })
    await face.press('Columns')
    await write('Label as a column', text)
    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(alerts()).toHaveLength(1)
    expect([...document.querySelectorAll('[role=columnheader]')].map(({ textContent }) => textContent)).not.toContain(
      text,
    )
  },
)

test.each([
  ['events', 'Warnings', 'type:Warning', 'BackOff'],
  ['pods', 'Not healthy', 'status:unhealthy', 'crashing'],
])('the view of %s that need a look is called %s', async (plural, name, filter, shown) => {
  const event = (reason: string, type: string): Stored => ({ ...pod(reason), ...{ reason, type, involvedObject: {} } })
  await show(plural, {
    events: [event('BackOff', 'Warning'), event('Pulled', 'Normal')],
    pods: [
      { ...pod('crashing'), ...{ status: { phase: 'Failed' } } },
      { ...pod('done'), ...{ status: { phase: 'Succeeded' } } },
    ],
  })
  await face.press(new RegExp(`^${name}`))
  expect(document.querySelector('.chip')?.textContent).toBe(filter)
  expect(rows()).toBe(1)
  expect(document.querySelector('[data-row]')?.textContent).toContain(shown)
})

test('the state of an Ingress follows from what it leads to, and is found by the filter', async () => {
  const ingress = (name: string, service: string): Stored => {
    const backend = { service: { name: service, port: { number: 80 } } }
    const rules = [{ host: `${name}.localhost`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }]
    return { ...pod(name), ...{ spec: { ingressClassName: 'slipway', rules } } }
  }
  await show('ingresses', {
    ingresses: [ingress('alive', 'web'), ingress('dead', 'empty'), ingress('astray', 'nowhere')],
    ingressclasses: [stored({ metadata: { name: 'slipway', uid: 'class' } })],
    services: ['web', 'empty'].map((app) => ({
      ...pod(app),
      ...{ spec: { selector: { app }, ports: [{ port: 80 }] } },
    })),
    pods: [
      stored({
        metadata: { name: 'web-1', namespace: 'shop', uid: 'web-1', labels: { app: 'web' } },
        spec: { containers: [] },
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      }),
    ],
  })
  const texts = [...document.querySelectorAll('[data-row]')].map(({ textContent }) => textContent)
  expect(texts.map((text) => /NoEndpoints|NoService|No problems/.exec(text)?.[0])).toEqual([
    ...['No problems', 'NoService', 'NoEndpoints'],
  ])
  await face.press(/^Not healthy/)
  expect(rows()).toBe(2)
})

test('nothing is said of an Ingress where what it leads to may not be read', async () => {
  const rules = [{ http: { paths: [{ backend: { service: { name: 'web', port: { number: 80 } } } }] } }]
  const objects = { 'local:dev': { ingresses: [{ ...pod('a'), ...{ spec: { rules } } }] } }
  const answers = { 'list services': failure(403, 'Forbidden', 'no'), 'list pods': failure(403, 'Forbidden', 'no') }
  face = await mountFace(ListView, '/c/local:dev/ingresses', { objects, answers })
  expect(document.querySelector('[data-row]')?.textContent).toMatch(/^(?!.*(No problems|NoService)).*–/)
})
