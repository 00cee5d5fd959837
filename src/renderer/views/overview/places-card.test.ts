// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { h, shallowRef } from 'vue'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Snapshot } from '../../overview/snapshot.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import { stored } from '#test/support/stored.ts'
import PlacesCard from './PlacesCard.vue'

let face: Face
afterEach(() => face.unmount())

const node = (name: string) =>
  stored<Node>({ metadata: { name, uid: name }, status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } } })
const pod = (name: string, nodeName: string) =>
  stored<Pod>({
    metadata: { name, namespace: 'shop', uid: `${name}-uid` },
    ...{ spec: { nodeName, containers: [{ name: 'c' }] }, status: { phase: 'Running' } },
  })
const snapshot = shallowRef<Snapshot>({ now: 0 })
const show = async (...pods: ReturnType<typeof pod>[]): Promise<void> => {
  snapshot.value = { now: 0, nodes: ['w1', 'w2', 'w3'].map(node), pods }
  face = await mountFace({ render: () => h(PlacesCard, { context: 'local:dev', snapshot: snapshot.value }) }, '/', {
    objects: { 'local:dev': {} },
    back: { 'kube.judge': null },
  })
}
const cell = (name: string): HTMLButtonElement => face.button(new RegExp(`^${name} in shop`))
const answers = (): number => document.querySelectorAll('li [role=status]').length

test('workers answer while a pod is dragged, and not for what is chosen after it has gone', async () => {
  await show(pod('a', 'w1'), pod('b', 'w1'))
  cell('a').dispatchEvent(new Event('dragstart', { bubbles: true }))
  await settle()
  expect(answers()).toBe(3)
  // Its cell goes with it, so that no `dragend` is told.
  snapshot.value = { ...snapshot.value, pods: [pod('b', 'w1')] }
  await settle()
  await face.press(/^b in shop/)
  expect(face.text()).toContain('Where b can go')
  expect(answers()).toBe(0)
})

test('the arrow keys pass over a worker without pods, and Tab reaches a cell when the focused one has gone', async () => {
  await show(pod('a', 'w1'), pod('c', 'w3'))
  cell('a').focus()
  await face.key('ArrowDown', {}, cell('a'))
  expect(document.activeElement).toBe(cell('c'))
  snapshot.value = { ...snapshot.value, pods: [pod('a', 'w1')] }
  await settle()
  expect(cell('a').tabIndex).toBe(0)
})
