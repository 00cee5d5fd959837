// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { h, shallowRef } from 'vue'
import { withMirrors, type Cluster } from '#shared/contract/clusters.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import DialogHost from '../DialogHost.vue'
import MirrorDialog from './MirrorDialog.vue'
import MirrorsCard from './MirrorsCard.vue'

let face: Face
afterEach(() => face.unmount())

const cluster: Cluster = {
  name: 'dev',
  state: 'running',
  simulated: false,
  version: 'v1.36.0',
  workers: [],
  spec: {
    name: 'dev',
    workers: 1,
    registryMirror: 'https://old.io',
    registryMirrors: { 'ghcr.io': ['https://m.io/gh'] },
  },
}
const path = '/care/dev'
const fill = async (label: RegExp, value: string): Promise<void> => {
  const field = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')].find((each) =>
    label.test(each.getAttribute('aria-label') ?? ''),
  )
  if (!field) throw new Error(`no field ${String(label)}`)
  field.value = value
  field.dispatchEvent(new Event('input'))
  field.dispatchEvent(new Event('change'))
  await settle()
}

test('mirrors are listed with those of earlier versions, and removed by one press', async () => {
  face = await mountFace(MirrorsCard, path, { props: { cluster }, back: { 'care.setMirrors': undefined } })
  expect(face.text()).toMatch(/docker\.io.*https:\/\/old\.io.*ghcr\.io.*https:\/\/m\.io\/gh/s)
  await face.press('Remove the mirrors of ghcr.io')
  expect(face.backCalls).toContainEqual(['care.setMirrors', { cluster: 'dev', registry: 'ghcr.io', urls: [] }])
})

test('mirrors of a registry that has some are not replaced by adding them', async () => {
  const card = { render: () => [h(MirrorsCard, { cluster }), h(DialogHost)] }
  face = await mountFace(card, path, { back: { 'care.setMirrors': undefined } })
  await face.press(/^Add a mirror/)
  await fill(/^Registry/, 'ghcr.io')
  await fill(/^Mirrors/, 'https://other.example.com')
  expect(face.text()).toContain('ghcr.io has mirrors already')
  expect(face.button('Use mirrors').disabled).toBe(true)
  await fill(/^Registry/, 'quay.io')
  expect(face.button('Use mirrors').disabled).toBe(false)
})

test('a mirror is added once registry and addresses are right', async () => {
  face = await mountFace(MirrorDialog, path, { props: { cluster: 'dev' }, back: { 'care.setMirrors': undefined } })
  await fill(/^Registry/, 'ghcr')
  await fill(/^Mirrors/, 'mirror.example.com')
  expect(face.text()).toContain('A registry as in image names')
  expect(face.text()).toContain('without a name and password')
  expect(face.button('Use mirrors').disabled).toBe(true)
  await fill(/^Registry/, 'ghcr.io')
  await fill(/^Mirrors/, 'http://10.0.0.5:5000\nhttps://mirror.example.com/gh')
  await face.press('Use mirrors')
  const urls = ['http://10.0.0.5:5000', 'https://mirror.example.com/gh']
  expect(face.backCalls).toContainEqual(['care.setMirrors', { cluster: 'dev', registry: 'ghcr.io', urls }])
})

test('the focus goes on to the next row, and at last to the button that adds one', async () => {
  const shown = shallowRef(cluster)
  const setMirrors = ({ registry, urls }: { registry: string; urls: string[] }): void => {
    shown.value = { ...shown.value, spec: withMirrors(shown.value.spec, registry, urls) }
  }
  const card = { render: () => h(MirrorsCard, { cluster: shown.value }) }
  face = await mountFace(card, path, { back: { 'care.setMirrors': setMirrors } })
  const removeOf = (registry: string): HTMLElement => face.button(`Remove the mirrors of ${registry}`)
  const remove = async (registry: string): Promise<void> => {
    removeOf(registry).focus()
    await face.press(`Remove the mirrors of ${registry}`)
  }
  await remove('docker.io')
  expect(document.activeElement).toBe(removeOf('ghcr.io'))
  await remove('ghcr.io')
  expect(document.activeElement).toBe(face.button(/^Add a mirror/))
})
