// @vitest-environment happy-dom
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, expect, test, vi } from 'vitest'
import { defineComponent, h, ref, type Component } from 'vue'
import ConfirmDialog from './ConfirmDialog.vue'
import CreateClusterDialog from './CreateClusterDialog.vue'
import DrainDialog from './DrainDialog.vue'
import RollBackDialog from './RollBackDialog.vue'
import ScaleDialog from './ScaleDialog.vue'

let wrapper: VueWrapper | undefined
afterEach(() => {
  wrapper?.unmount()
  document.body.innerHTML = ''
})

const open = ref(true)
async function show(dialog: Component, props: Record<string, unknown>): Promise<void> {
  open.value = true
  const host = defineComponent(
    () => () =>
      open.value
        ? h(dialog, {
            ...props,
            onClose: () => (open.value = false),
          })
        : null,
  )
  wrapper = mount(host, { attachTo: document.body, global: { plugins: [createPinia()] } })
  await flushPromises()
}
const dialog = (): HTMLElement | null => document.querySelector('[role=dialog]')
const button = (name: RegExp): HTMLButtonElement => {
  const found = [...document.querySelectorAll('button')].find((each) =>
    name.test(each.getAttribute('aria-label') ?? each.textContent.trim()),
  )
  if (!found) throw new Error(`no button ${String(name)}`)
  return found
}
async function type(label: string, value: string): Promise<void> {
  const input = document.querySelector<HTMLInputElement>(`[aria-label="${label}"]`)
  if (!input) throw new Error(`no field ${label}`)
  input.value = value
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await flushPromises()
}
async function submit(): Promise<void> {
  document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await flushPromises()
}
/** Where a dialog writes to. */
const where = {
  name: 'web',
  place: 'dev / shop',
  colour: 'blue',
  kubectl: (to: unknown) => `kubectl ${JSON.stringify(to)}`,
}
const alert = (): string => document.querySelector('[role=alert]')?.textContent.trim() ?? ''

test('ConfirmDialog acts when its button is pressed, and closes', async () => {
  const act = vi.fn(() => Promise.resolve())
  await show(ConfirmDialog, { title: 'Delete web?', text: 'In dev / shop.', verb: 'Delete web in dev / shop', act })
  expect(dialog()?.textContent).toContain('In dev / shop.')
  expect(button(/^Delete/).textContent.trim()).toBe('Delete web in dev / shop')
  await submit()
  expect(act).toHaveBeenCalledOnce()
  expect(open.value).toBe(false)
})

test('ConfirmDialog asks for a name to be typed out', async () => {
  await show(ConfirmDialog, { title: 'Delete?', text: '', verb: 'Delete', typed: 'shop', act: () => Promise.resolve() })
  expect(button(/^Delete/).disabled).toBe(true)
  await type('Name to confirm', 'sho')
  expect(button(/^Delete/).disabled).toBe(true)
  await type('Name to confirm', 'shop')
  expect(button(/^Delete/).disabled).toBe(false)
})

test('a dialog stays open and says why when its action fails; Cancel closes it', async () => {
  const act = (): Promise<void> => Promise.reject(new Error('the server refused'))
  await show(ConfirmDialog, { title: 'Delete?', text: '', verb: 'Delete', act })
  await submit()
  expect(alert()).toBe('the server refused')
  expect(open.value).toBe(true)
  button(/^Cancel/).click()
  expect(open.value).toBe(false)
})

test('ScaleDialog scales to the number that is typed, and to no other', async () => {
  const scale = vi.fn(() => Promise.resolve())
  await show(ScaleDialog, { ...where, replicas: 3, scale })
  expect(button(/^Scale/).textContent.trim()).toBe('Scale web in dev / shop')
  for (const wrong of ['', '-1', '1.5']) {
    await type('Replicas', wrong)
    expect(button(/^Scale/).disabled).toBe(true)
    await submit()
    expect(alert()).toBe('A whole number, 0 or more.')
  }
  await type('Replicas', '5')
  expect(button(/kubectl/).title).toBe('kubectl 5')
  expect(dialog()?.querySelector('.ctx-blue')?.textContent).toBe('dev / shop')
  await submit()
  expect(scale).toHaveBeenCalledExactlyOnceWith(5)
  expect(open.value).toBe(false)
})

test('ScaleDialog stays with its number when the server refuses', async () => {
  const scale = (): Promise<void> => Promise.reject(new Error('deployments.apps "web" is forbidden'))
  await show(ScaleDialog, { ...where, replicas: 3, scale })
  await type('Replicas', '50')
  await submit()
  expect(open.value).toBe(true)
  expect(alert()).toBe('deployments.apps "web" is forbidden')
  expect(document.querySelector<HTMLInputElement>('[aria-label=Replicas]')?.value).toBe('50')
})

test('RollBackDialog tells of each revision when and why it was made, and what going back changes', async () => {
  const rollBack = vi.fn(() => Promise.resolve())
  const revision = (number: number, changeCause: string) => ({
    revision: number,
    images: `web:${number}`,
    createdAt: '2026-11-26T10:31:00Z',
    changeCause,
    template: `image: web:${number}\nlimit: 128Mi`,
  })
  const revisions = [revision(3, 'faster'), revision(2, '')]
  await show(RollBackDialog, {
    ...where,
    current: 'image: web:4\nlimit: 256Mi',
    revisions,
    rollBack,
  })
  await vi.dynamicImportSettled()
  await flushPromises()
  const text = dialog()?.textContent ?? ''
  expect(text).toContain('26 November 2026')
  expect(text).toContain('faster')
  expect(text).toContain('limit: 256Mi')
  document.querySelector<HTMLInputElement>('[aria-label="Revision 2"]')?.click()
  await flushPromises()
  expect(button(/^Roll back/).textContent.trim()).toBe('Roll back web in dev / shop to revision 2')
  await submit()
  expect(rollBack).toHaveBeenCalledExactlyOnceWith(2)
  expect(open.value).toBe(false)
})

test('DrainDialog asks for bare pods and for data, and for the name where data are lost', async () => {
  const drain = vi.fn(() => Promise.resolve())
  const row = (name: string, fate: string) => ({
    pod: { metadata: { name, namespace: 'a', uid: name } },
    fate,
    owner: '',
  })
  const load = () =>
    Promise.resolve([row('bare', 'bare'), row('data', 'emptyDir'), row('web', 'moves'), row('agent', 'stays')])
  await show(DrainDialog, { ...where, name: 'worker-2', place: 'dev', load, drain })
  const boxes = [...document.querySelectorAll<HTMLInputElement>('[type=checkbox]')]
  expect(boxes.map(({ checked }) => checked)).toEqual([false, false])
  expect(dialog()?.textContent).toContain('deleted, not started again')
  await submit()
  expect(drain).not.toHaveBeenCalled()
  for (const box of boxes) box.click()
  await flushPromises()
  expect(button(/^Drain/).disabled).toBe(true)
  await type('Name to confirm', 'worker-2')
  expect(button(/^Drain/).disabled).toBe(false)
  await submit()
  expect(drain.mock.calls[0]).toMatchObject([[{ fate: 'bare' }, { fate: 'emptyDir' }, { fate: 'moves' }], {}])
  expect(open.value).toBe(false)
})

test('CreateClusterDialog proposes a free name, and names the field that is wrong', async () => {
  const create = vi.fn(() => Promise.resolve())
  const requireIpv6 = vi.fn(() => Promise.resolve())
  await show(CreateClusterDialog, { engine: { state: 'ready' }, taken: ['dev', 'dev-2'], create, requireIpv6 })
  expect(document.querySelector<HTMLInputElement>('[aria-label=Name]')?.value).toBe('dev-3')
  await type('Name', 'No Good')
  await submit()
  expect(alert()).toContain('Lower-case letters')
  expect(create).not.toHaveBeenCalled()
  await type('Name', 'good')
  expect(alert()).toBe('')
  await type('Cores per worker', 'abc')
  expect(alert()).toBe('A number, such as 2.')
  await type('Cores per worker', '')
  await submit()
  expect(create).toHaveBeenCalledExactlyOnceWith({ name: 'good', workers: 3 })
  expect(open.value).toBe(false)
})

test('CreateClusterDialog makes a dual-stack cluster, and says at once why the engine cannot', async () => {
  const create = vi.fn(() => Promise.resolve())
  let answer = Promise.withResolvers<undefined>()
  await show(CreateClusterDialog, {
    engine: { state: 'ready' },
    taken: [],
    create,
    requireIpv6: () => answer.promise,
  })
  const box = (name: string): HTMLInputElement => {
    const label = [...document.querySelectorAll('label')].find((each) => each.textContent.includes(name))
    const found = label?.querySelector('input')
    if (!found) throw new Error(`no box ${name}`)
    return found
  }
  const press = async (name: string): Promise<void> => {
    box(name).click()
    await flushPromises()
  }
  await press('Dual stack')
  expect(button(/^Create cluster/).disabled).toBe(true)
  answer.reject(new Error('the engine makes no network with IPv6'))
  await flushPromises()
  expect(alert()).toBe('the engine makes no network with IPv6')
  await submit()
  expect(create).not.toHaveBeenCalled()

  // Simulated workers have none, and a control plane alone needs no engine.
  await press('Simulated')
  expect(box('Dual stack').disabled).toBe(true)
  expect(alert()).toBe('')
  await press('Simulated')
  expect(alert()).not.toBe('')
  await type('Workers', '0')
  expect(alert()).toBe('')

  answer = Promise.withResolvers()
  answer.resolve(undefined)
  await type('Workers', '2')
  await submit()
  const podCidr = '10.244.0.0/16,fd00:10:244::/56'
  const serviceCidr = '10.96.0.0/16,fd00:10:96::/112'
  expect(create).toHaveBeenCalledExactlyOnceWith({ name: 'dev', workers: 2, podCidr, serviceCidr })
})

test('DrainDialog keeps the focus on a box that is chosen, and its choice, while it drains', async () => {
  const drain = vi.fn(() => new Promise(() => undefined))
  const pod = { metadata: { name: 'bare', namespace: 'a', uid: 'bare' } }
  const load = () => Promise.resolve([{ pod, fate: 'bare', owner: '' }])
  await show(DrainDialog, { ...where, name: 'worker-2', place: 'dev', load, drain })
  const box = document.querySelector<HTMLInputElement>('[type=checkbox]')
  box?.click()
  box?.focus()
  await flushPromises()
  await submit()
  expect(drain).toHaveBeenCalledOnce()
  expect(document.activeElement).toBe(box)
  box?.click()
  await flushPromises()
  expect(box?.checked).toBe(true)
})
