// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { h } from 'vue'
import type { Cluster } from '#shared/contract/clusters.ts'
import { defaultSettings } from '#shared/contract/default-settings.ts'
import { deployments } from '#shared/kube/resources.ts'
import { failure } from '#shared/kube/status.ts'
import { mountFace, settle, type Face, type FaceOptions } from '#test/support/mounted-face.ts'
import { targetOf } from '../composables/target.ts'
import { deployment } from '../kinds/apps/deployment.ts'
import { secret as secretKind } from '../kinds/core/secret.ts'
import { useDialogs } from '../stores/dialogs.ts'
import { useDock } from '../stores/dock.ts'
import ClustersView from './ClustersView.vue'
import CommandPalette from './CommandPalette.vue'
import DialogHost from './DialogHost.vue'
import DockArea from './DockArea.vue'
import KindSidebar from './KindSidebar.vue'
import ListView from './ListView.vue'
import NamespacePicker from './NamespacePicker.vue'
import ObjectDetail from './ObjectDetail.vue'
import ObjectView from './ObjectView.vue'
import SignedOutPage from './SignedOutPage.vue'
import { stored } from '#test/support/stored.ts'

let face: Face
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600)
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1_000)
})
afterEach(() => {
  face.unmount()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const object = (name: string, namespace: string, more: object = {}) => ({
  metadata: { name, namespace, uid: `${namespace}-${name}`, creationTimestamp: '2026-11-23T09:00:00Z' },
  ...more,
})
const web = stored(
  object('web', 'shop', {
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { spec: { containers: [] } } },
  }),
)
const other = stored(object('web', 'default', { spec: { replicas: 1, template: { spec: { containers: [] } } } }))
const options: FaceOptions = {
  objects: {
    'local:dev': { deployments: [web, other], namespaces: [{ metadata: { name: 'shop' } }] },
    'kubeconfig:dev': {},
  },
}
/** A view with the dialogs that it may open. */
const withDialogs = (view: object) => ({ render: () => [h(view), h(DialogHost)] })
const show = async (view: object, path: string, more: FaceOptions = {}): Promise<void> => {
  face = await mountFace(withDialogs(view), path, { ...options, ...more })
}
const list = '/c/local:dev/deployments'
const dock = (): ReturnType<typeof useDock> => useDock(face.pinia)

test('ListView lists, filters and says what the filter hides', async () => {
  await show(ListView, list)
  expect(document.querySelectorAll('[role=row]')).toHaveLength(3)
  const filter = document.querySelector<HTMLInputElement>('[aria-label=Filter]')
  if (!filter) throw new Error('no filter')
  filter.value = 'nothing'
  filter.dispatchEvent(new Event('input'))
  await settle()
  expect(face.text()).toContain('2 Deployments hidden by the filter')
  await face.press('Clear the filter')
  expect(document.querySelectorAll('[role=row]')).toHaveLength(3)
})

test('ListView moves, selects, and deletes exactly what was selected, by uid', async () => {
  await show(ListView, list)
  await face.key('j')
  await face.key(' ')
  await face.key('j')
  await face.key('d', { ctrlKey: true })
  expect(face.text()).toContain('Delete Deployment web?')
  await face.press('Delete Deployment web in dev (local) / default')
  document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
  const deletes = face.calls['local:dev']?.filter(([verb]) => verb === 'delete')
  expect(deletes?.map(([, plural, ref, how]) => [plural, ref, how])).toEqual([
    [
      'deployments',
      { namespace: 'default', name: 'web' },
      { propagationPolicy: 'Background', preconditions: { uid: 'default-web' } },
    ],
  ])
})

test('ListView leaves the keys of a control to the control', async () => {
  await show(ListView, list)
  await face.key('j')
  for (const key of ['Enter', ' ', 'e', 'd']) await face.key(key, {}, face.button('Columns'))
  expect(face.router.currentRoute.value.name).toBe('list')
  expect(dock().tabs).toEqual([])
  await face.key('Enter')
  expect(face.router.currentRoute.value.fullPath).toBe(`${list}/default/web`)
})

test('ListView says why it cannot show objects', async () => {
  const forbidden = failure(403, 'Forbidden', 'deployments is forbidden')
  await show(ListView, list, { answers: { 'list deployments': forbidden }, objects: { 'local:dev': {} } })
  expect(face.text()).toContain('You may not list Deployments')
  expect(face.text()).toContain('deployments is forbidden')
})

test('ObjectDetail opens panels on its own object, and acts on it by uid', async () => {
  const kind = deployment
  face = await mountFace(
    { render: () => [h(ObjectDetail, { context: 'local:dev', kind, object: web }), h(DialogHost)] },
    '/',
    options,
  )
  await face.press('Edit web in dev (local) / shop')
  await face.press('Logs web in dev (local) / shop')
  expect(dock().tabs.map(({ panel, target }) => [panel, target])).toEqual([
    ['edit', targetOf('local:dev', deployments, web)],
    ['logs', targetOf('local:dev', deployments, web)],
  ])
  await face.press('Restart web in dev (local) / shop')
  expect(face.calls['local:dev']?.find(([verb]) => verb === 'patch')?.[3]).toMatchObject({
    body: { metadata: { uid: 'shop-web' } },
  })
  await face.press('Delete web in dev (local) / shop')
  expect(face.text()).toContain('Delete Deployment web?')
})

test('ObjectDetail says what the user may not do', async () => {
  const kind = deployment
  const answers = { 'create selfsubjectaccessreviews': { status: { allowed: false } } }
  face = await mountFace({ render: () => h(ObjectDetail, { context: 'local:dev', kind, object: web }) }, '/', {
    ...options,
    answers,
  })
  await settle()
  const restart = face.button('Restart web in dev (local) / shop')
  expect(restart.getAttribute('aria-description')).toBe('You may not patch deployments in shop.')
  restart.click()
  await settle()
  expect(face.calls['local:dev']?.some(([verb]) => verb === 'patch')).toBe(false)
})

test('ObjectDetail hides the values of a Secret until they are asked for', async () => {
  const kind = secretKind
  const secret = stored(object('s', 'shop', { data: { password: 'aHVudGVyMg==' } }))
  face = await mountFace(
    { render: () => h(ObjectDetail, { context: 'local:dev', kind, object: secret }) },
    '/',
    options,
  )
  expect(face.text()).not.toContain('hunter2')
  await face.press(/^YAML/)
  expect(face.text()).not.toContain('aHVudGVyMg==')
  await face.press(/^Overview/)
  await vi.dynamicImportSettled()
  await face.press('Show values')
  expect(face.text()).toContain('hunter2')
})

test('ObjectView shows the object of its address, and says when there is none', async () => {
  await show(ObjectView, `${list}/shop/web`)
  expect(document.querySelector('h1')?.textContent).toBe('web')
  expect(face.text()).toContain('Deployments')
  face.unmount()
  await show(ObjectView, `${list}/shop/gone`)
  expect(face.text()).toContain('shop/gone does not exist.')
})

test('DockArea labels its tabs with their targets', async () => {
  await show(DockArea, '/')
  dock().show({ panel: 'deploy', target: { context: 'local:dev' } })
  dock().show({ panel: 'deploy', target: { context: 'kubeconfig:dev' } })
  const target = targetOf('local:dev', deployments, web)
  dock().show({ panel: 'logs', target, source: { selector: 'app=web' } })
  dock().show({ panel: 'logs', target: { ...target, uid: 'second' }, source: { selector: 'app=web' } })
  await settle()
  const labels = [...document.querySelectorAll('[role=tab]')].map((tab) => tab.textContent.replace(/\s+/g, ' ').trim())
  expect(labels).toEqual([
    'Deploy dev (local)',
    'Deploy dev (kubeconfig)',
    'Logs Deployment web dev (local) / shop · uid shop-web',
    'Logs Deployment web dev (local) / shop · uid second',
  ])
  for (let tabs = 4; tabs > 0; tabs--) await face.press(/^Close /)
  expect(dock().tabs).toEqual([])
})

const running: Cluster = {
  name: 'dev',
  state: 'running',
  simulated: false,
  context: 'local:dev',
  version: 'v1.36',
  spec: { name: 'dev', workers: 1 },
  workers: [{ name: 'dev-worker-1', state: 'running', ready: true, simulated: false }],
  kubectl: 'export KUBECONFIG=x',
}
test('ClustersView shows clusters and workers, and asks for the name before it deletes', async () => {
  await show(ClustersView, '/', { clusters: [running] })
  expect(face.text()).toContain('1 of 1 worker Ready')
  const choose = async (action: string, of = 'Actions of dev-worker-1'): Promise<void> => {
    await face.key('Enter', {}, face.button(of))
    const item = [...document.querySelectorAll('[role=menuitem]')].find((each) => each.textContent.trim() === action)
    await face.key('Enter', {}, item)
  }
  await choose('Pause')
  expect(face.backCalls).toContainEqual(['clusters.pauseWorker', { cluster: 'dev', worker: 'dev-worker-1' }])
  await choose('Kill')
  expect(useDialogs(face.pinia).question?.title).toBe('Kill dev-worker-1 in dev?')
  expect(face.backCalls.some(([name]) => name === 'clusters.killWorker')).toBe(false)
  await choose('Delete cluster dev', 'More of dev')
  expect(useDialogs(face.pinia).question?.title).toBe('Delete cluster dev?')
  expect(face.backCalls.some(([name]) => name === 'clusters.delete')).toBe(false)
})

test('ClustersView tells what is left of the disk, without a cluster that does not answer', async () => {
  const worker = (name: string) => ({
    name: `${name}-worker-1`,
    state: 'running' as const,
    ready: true,
    simulated: false,
  })
  const other: Cluster = { ...running, name: 'old', context: 'local:old', workers: [worker('old')] }
  const bytes = { workers: [{ name: 'dev-worker-1', engineBytes: 3e9, kubeletBytes: 1e9 }], volumesBytes: 2e9 }
  const use = { ...bytes, folderBytes: 0, snapshotsBytes: 0, freeBytes: 4e9 }
  const disk = async ({ cluster }: { cluster: string }): Promise<unknown> => {
    if (cluster === 'old') throw new Error('gone')
    return use
  }
  await show(ClustersView, '/', { clusters: [running, other], back: { 'care.disk': disk } })
  const row = [...document.querySelectorAll('section[aria-labelledby=machine-title] .grid')].at(-1)
  expect(row?.textContent).toContain('Disk')
  const free = row?.lastElementChild
  expect([free?.textContent, free?.classList.contains('text-bad')]).toEqual(['4 GB free', true])
  expect([...(row?.querySelectorAll('i') ?? [])].map(({ style }) => style.width)).toEqual(['60%'])
})

test('ClustersView shows a control plane without workers as running', async () => {
  await show(ClustersView, '/', { clusters: [{ ...running, spec: { name: 'dev', workers: 0 }, workers: [] }] })
  expect(face.text()).toContain('no workers')
  expect(face.text()).toContain('pods stay Pending until one is added')
})

test('ClustersView greets a new user', async () => {
  await show(ClustersView, '/', { clusters: [] })
  expect(face.text()).toContain('Create a three-worker cluster')
})

test('ClustersView says what to try when no Docker Engine answers, and goes without one', async () => {
  const engine = { state: 'unreachable', message: 'No Docker Engine answers.' }
  await show(ClustersView, '/', { clusters: [], back: { 'clusters.engine': engine } })
  expect(face.text()).toContain('sudo systemctl start docker')
  await face.press('Create with simulated workers')
  expect(face.backCalls).toContainEqual(['clusters.create', { name: 'dev', workers: 3, simulated: true }])
})

test('CommandPalette finds and goes', async () => {
  face = await mountFace({ render: () => h(CommandPalette, { open: true, context: 'local:dev' }) }, '/', options)
  const box = document.querySelector<HTMLInputElement>('[role=combobox]')
  if (!box) throw new Error('no box')
  box.value = 'configm'
  box.dispatchEvent(new Event('input'))
  await settle()
  expect([...document.querySelectorAll('[role=option]')].map((entry) => entry.textContent)).toEqual([
    'ConfigMaps in dev (local)',
  ])
  await face.key('Enter', {}, box)
  expect(face.router.currentRoute.value.fullPath).toBe('/c/local:dev/configmaps')
})

test('NamespacePicker chooses namespaces of its context', async () => {
  face = await mountFace({ render: () => h(NamespacePicker, { context: 'local:dev' }) }, '/', options)
  await face.press(/^Namespaces:/)
  await face.key('Enter', {}, document.querySelectorAll('[role=option]')[1])
  expect(face.backCalls).toContainEqual(['app.saveSettings', { namespaces: { 'local:dev': ['shop'] } }])
})

test('NamespacePicker names the namespace of the page, and says what lists show', async () => {
  const picker = { render: () => h(NamespacePicker, { context: 'local:dev' }) }
  face = await mountFace(picker, '/c/local:dev/deployments/shop/web', options)
  expect(face.button(/^Namespaces:/).textContent).toBe('shop')
  await face.press('Namespaces: shop')
  expect(face.text()).toContain('This page is of shop. Lists show: All namespaces')
  expect(document.querySelector('[role=option][aria-selected=true]')?.textContent).toContain('All namespaces')
  expect(face.backCalls.filter(([name]) => name === 'app.saveSettings')).toEqual([])
  await face.router.push('/c/local:dev/nodes/-/dev-worker-1')
  await settle()
  expect(face.button(/^Namespaces:/).textContent).toBe('All namespaces')
})

test('KindSidebar shows where one is, and moves nothing that is in sight', async () => {
  vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockImplementation(function (this: HTMLElement) {
    // Entries lie 26 px below each other in a sidebar of 600 px.
    const at = [...document.querySelectorAll('nav a')].indexOf(this)
    return at < 0 ? new DOMRect(0, 0, 200, 600) : new DOMRect(0, at * 26, 200, 26)
  })
  const shown: string[] = []
  vi.spyOn(HTMLElement.prototype, 'scrollIntoView').mockImplementation(function (this: HTMLElement) {
    shown.push(this.textContent)
  })
  const sidebar = { render: () => h(KindSidebar, { context: 'local:dev' }) }
  const folded = { access: false, admission: false, api: false, scheduling: false, storage: false }
  const settings = { ...defaultSettings, folded, theme: 'light' }
  face = await mountFace(sidebar, '/c/local:dev/apiservices', { ...options, back: { 'app.settings': settings } })
  expect(new Set(shown)).toEqual(new Set(['APIServices']))
  shown.length = 0
  await face.router.push('/c/local:dev/pods')
  await settle()
  expect(shown).toEqual([])
})

test('KindSidebar shows where one is when it is unfolded itself', async () => {
  let tell: (height: number) => void = () => undefined
  class Sizes {
    constructor(callback: (entries: { contentRect: { height: number } }[]) => void) {
      tell = (height) => callback([{ contentRect: { height } }])
    }
    observe = (): void => tell(0)
    disconnect = (): void => undefined
  }
  vi.stubGlobal('ResizeObserver', Sizes)
  const scroll = vi.spyOn(HTMLElement.prototype, 'scrollIntoView').mockReturnValue()
  vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockImplementation(function (this: HTMLElement) {
    return this.tagName === 'A' ? new DOMRect(0, 900, 200, 26) : new DOMRect(0, 0, 200, 600)
  })
  face = await mountFace({ render: () => h(KindSidebar, { context: 'local:dev' }) }, list, options)
  scroll.mockClear()
  tell(600)
  expect(scroll).toHaveBeenCalledOnce()
  tell(500)
  expect(scroll).toHaveBeenCalledOnce()
})

test('KindSidebar counts, and links to each kind', async () => {
  face = await mountFace({ render: () => h(KindSidebar, { context: 'local:dev' }) }, list, options)
  const link = [...document.querySelectorAll('a')].find((each) => each.textContent.startsWith('Deployments'))
  expect(link?.textContent).toMatch(/2$/)
  expect(link?.getAttribute('href')).toContain('/c/local:dev/deployments')
})

test('SignedOutPage says how to sign in again', async () => {
  await show(SignedOutPage, '/')
  expect(face.text()).toContain('npm run -s slipway -- ui')
})
