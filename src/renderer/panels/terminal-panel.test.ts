// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { mountFace, type Face } from '#test/support/mounted-face.ts'
import TerminalPanel from './TerminalPanel.vue'

let face: Face
afterEach(() => face.unmount())

const context = 'local:dev'
const target = { context, apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'tool', uid: 'tool' }
const show = async (simulated: string[]): Promise<void> => {
  const props = { target, containers: ['tool'], mode: 'debug', shown: true }
  face = await mountFace(TerminalPanel, '/', { objects: { [context]: {} }, props, simulated })
}

test('a pod without containers behind it has no shell, and says so instead of opening one that answers nothing', async () => {
  await show([context])
  expect(face.text()).toContain('Simulated pods have no shell')
  expect(document.querySelectorAll('button')).toHaveLength(0)
})

test('the choice of a debug container has all of the room until a pane is open', async () => {
  await show([])
  expect(face.text()).toContain('Add to tool in dev / shop')
  expect(document.querySelector('aside')?.classList.contains('flex-1')).toBe(true)
})
