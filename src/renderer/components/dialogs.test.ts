// @vitest-environment happy-dom
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { defineComponent, h, ref, type Component } from 'vue'
import ConfirmDialog from './ConfirmDialog.vue'
import CreateClusterDialog from './CreateClusterDialog.vue'
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
            open: true,
            'onUpdate:open': (to: boolean) => (open.value = to),
            onClose: () => (open.value = false),
          })
        : null,
  )
  wrapper = mount(host, { attachTo: document.body })
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
  await show(ScaleDialog, { name: 'web', place: 'dev / shop', replicas: 3, scale })
  expect(button(/^Scale/).textContent.trim()).toBe('Scale web in dev / shop')
  for (const wrong of ['', '-1', '1.5']) {
    await type('Replicas', wrong)
    expect(button(/^Scale/).disabled).toBe(true)
  }
  await type('Replicas', '5')
  await submit()
  expect(scale).toHaveBeenCalledExactlyOnceWith(5)
})

test('RollBackDialog lists earlier revisions, each with a button that names its target', async () => {
  const rollBack = vi.fn(() => Promise.resolve())
  const revisions = [
    { revision: 3, images: 'web:3' },
    { revision: 2, images: 'web:2' },
  ]
  await show(RollBackDialog, { name: 'web', place: 'dev / shop', revisions, rollBack })
  button(/^Roll back web in dev \/ shop to revision 2$/).click()
  await flushPromises()
  expect(rollBack).toHaveBeenCalledExactlyOnceWith(2)
  expect(open.value).toBe(false)
})

test('CreateClusterDialog proposes a free name, and names the field that is wrong', async () => {
  const create = vi.fn(() => Promise.resolve())
  open.value = false
  const isOpen = ref(false)
  const host = defineComponent(
    () => () =>
      h(CreateClusterDialog, {
        open: isOpen.value,
        'onUpdate:open': (to: boolean) => (isOpen.value = to),
        engine: { state: 'ready' },
        taken: ['dev', 'dev-2'],
        create,
      }),
  )
  wrapper = mount(host, { attachTo: document.body })
  isOpen.value = true
  await flushPromises()
  expect(document.querySelector<HTMLInputElement>('[aria-label=Name]')?.value).toBe('dev-3')
  await type('Name', 'No Good')
  await submit()
  expect(alert()).toContain('name: ')
  expect(create).not.toHaveBeenCalled()
  await type('Name', 'good')
  await submit()
  expect(create).toHaveBeenCalledExactlyOnceWith({ name: 'good', workers: 3 })
  expect(isOpen.value).toBe(false)
})
