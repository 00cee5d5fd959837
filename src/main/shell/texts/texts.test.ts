import type { MenuItemConstructorOptions } from 'electron'
import { expect, test } from 'vitest'
import { applicationMenu } from '../menu.ts'
import { trayMenu } from '../tray-menu.ts'
import { trayModel } from '../tray-model.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { createSpeech, type ShellTexts } from './index.ts'

const nothing = (): void => undefined
const menuOf = (texts: ShellTexts, isMac: boolean) =>
  applicationMenu(
    texts,
    { command: nothing, newWindow: nothing, openManifests: nothing, openDocumentation: nothing },
    isMac,
  )
const trayOf = (texts: ShellTexts) =>
  trayMenu(trayModel([], texts), texts, {
    show: nothing,
    openCluster: nothing,
    startCluster: nothing,
    stopCluster: nothing,
    command: nothing,
    quit: nothing,
  })
const labels = (items: MenuItemConstructorOptions[]): (string | undefined)[] =>
  items
    .filter(({ type }) => type !== 'separator')
    .flatMap(({ label, submenu }) => [label, ...(Array.isArray(submenu) ? labels(submenu) : [])])

test('the language is the system’s until one is chosen, and follows the choice', () => {
  const speech = createSpeech(['de-CH', 'en'])
  const heard: string[] = []
  const stop = speech.onChange(() => heard.push(speech.texts().menu.file))
  expect(speech.texts()).toBe(de)
  speech.follow({ language: 'system' })
  speech.follow({ language: 'en' })
  speech.follow({ language: 'en' })
  speech.follow({ language: 'system' })
  void stop()
  speech.follow({ language: 'en' })
  expect(heard).toEqual(['File', 'Datei'])
})

test.each([true, false])('every item of menu and tray has a label, in the language spoken (macOS: %s)', (isMac) => {
  const names = (texts: ShellTexts) => [...labels(menuOf(texts, isMac)), ...labels(trayOf(texts))]
  const [english, german] = [names(en), names(de)]
  expect(german).toHaveLength(english.length)
  // Electron labels in English whatever has no label.
  expect([...english, ...german]).not.toContain(undefined)
  expect(german.filter((label) => english.includes(label))).toEqual(isMac ? ['Slipway'] : [])
  expect(german).toEqual(expect.arrayContaining(['Kopieren', 'Kein Cluster läuft', 'Cluster anlegen…', 'Beenden']))
})
