// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import type { UpdateState } from '#shared/contract/app.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import DataCard from './DataCard.vue'

let face: Face
afterEach(() => face.unmount())

test('updates are switched off while a server does not answer, and its late answer is not shown', async () => {
  const answers: ((state: UpdateState) => void)[] = []
  face = await mountFace(DataCard, '/settings/data', {
    back: {
      'app.info': { dataFolder: '/data', version: '1.0.0' },
      'app.updates': () => new Promise<UpdateState>((resolve) => answers.push(resolve)),
    },
  })
  const toggle = document.querySelector<HTMLButtonElement>('[role=switch]')
  const press = async (): Promise<void> => {
    toggle?.click()
    await settle()
  }
  answers[0]?.({ offered: true })
  await settle()
  await press()
  expect(toggle?.getAttribute('aria-checked')).toBe('true')
  await press()
  expect(toggle?.getAttribute('aria-checked')).toBe('false')
  answers[2]?.({ offered: true })
  await press()
  answers[1]?.({ offered: true, newer: { version: '9.0.0', page: 'https://example.com' } })
  await settle()
  expect(face.text()).not.toContain('9.0.0')
  answers[3]?.({ offered: true })
  await settle()
  expect(face.text()).toContain('This is the newest version.')
})
