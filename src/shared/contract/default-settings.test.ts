import { expect, test } from 'vitest'
import { defaultSettings, withChange } from './default-settings.ts'
import type { Settings, SettingsChange } from './settings.ts'

const before: Settings = {
  ...defaultSettings,
  theme: 'dark',
  namespaces: { 'local:dev': ['shop'], 'local:prod': ['web'] },
  favourites: { 'local:dev': ['pods'] },
  readOnly: { 'local:prod': true },
  terminal: { ...defaultSettings.terminal, fontSize: 15 },
}

test('settings that are not named stay', () => {
  expect(withChange(before, { language: 'de' })).toEqual({ ...before, language: 'de' })
})

test('a setting that is named as undefined stays', () => {
  expect(withChange(before, { theme: undefined, density: 'roomy' })).toEqual({ ...before, density: 'roomy' })
})

test('of settings by context or kind, only the named entries are replaced', () => {
  const next = withChange(before, { namespaces: { 'local:dev': [] }, favourites: { 'local:prod': ['nodes'] } })
  expect(next.namespaces).toEqual({ 'local:dev': [], 'local:prod': ['web'] })
  expect(next.favourites).toEqual({ 'local:dev': ['pods'], 'local:prod': ['nodes'] })
})

test('a context that one window locks stays locked when another locks one of its own', () => {
  expect(withChange(before, { readOnly: { 'local:dev': true } }).readOnly).toEqual({
    'local:dev': true,
    'local:prod': true,
  })
})

test('what is one choice as a whole is replaced as a whole', () => {
  const { terminal } = defaultSettings
  expect(withChange(before, { terminal }).terminal).toEqual(terminal)
  expect(withChange({ ...before, shortcuts: { open: ['o'] } }, { shortcuts: {} }).shortcuts).toEqual({})
})

test('what was there before is not changed', () => {
  const copy = structuredClone(before)
  withChange(before, { namespaces: { 'local:dev': ['other'] }, theme: 'light' })
  expect(before).toEqual(copy)
})

test('changes of different entries give the same in either order', () => {
  const one: SettingsChange = { lists: { pods: { widths: { name: 200 } } } }
  const two: SettingsChange = { lists: { nodes: { columns: ['name'] } }, theme: 'light' }
  expect(withChange(withChange(before, one), two)).toEqual(withChange(withChange(before, two), one))
})
