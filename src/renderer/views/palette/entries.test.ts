import { expect, test } from 'vitest'
import { marked, matching, type PaletteEntry } from './entries.ts'

const entry = (group: PaletteEntry['group'], title: string, detail = ''): PaletteEntry => ({
  id: title,
  group,
  title,
  detail,
  run: () => undefined,
})
const entries = [
  entry('settings', 'Theme'),
  entry('kinds', 'Pods'),
  entry('contexts', 'prod-eu', 'kubeconfig'),
  entry('actions', 'Deploy', 'to dev'),
  entry('objects', 'web', 'Deployment, shop'),
]
const titles = (text: string): string[] => matching(entries, text).map(({ title }) => title)

test('words are and-ed over title and detail, in the order of the groups', () => {
  expect(titles('')).toEqual(['Deploy', 'prod-eu', 'Pods', 'web'])
  expect(titles('dep')).toEqual(['Deploy', 'web'])
  expect(titles('dep shop')).toEqual(['web'])
  expect(titles('theme')).toEqual(['Theme'])
})
test('what has exactly that name comes first, with its group, which is told once', () => {
  const kinds = ['ValidatingWebhookConfigurations', 'MutatingWebhookConfigurations'].map((title) =>
    entry('kinds', title),
  )
  const names = matching([...kinds, entry('objects', 'web-1'), entry('objects', 'web')], 'Web').map(
    ({ title }) => title,
  )
  expect(names).toEqual(['web', 'web-1', ...kinds.map(({ title }) => title)])
})
test('> asks for actions, @ for contexts', () => {
  expect(titles('>')).toEqual(['Deploy'])
  expect(titles('@prod')).toEqual(['prod-eu'])
})
test('what was typed is marked', () => {
  expect(marked('checkout', 'CHEC x')).toEqual(['', 'chec', 'kout'])
  expect(marked('web', 'chec')).toEqual(['web', '', ''])
})
