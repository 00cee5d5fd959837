import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watchEffect } from 'vue'
import { languageOf } from '#shared/base/language.ts'
import { contextColours } from '#shared/contract/context-colours.ts'
import { defaultSettings, withChange } from '#shared/contract/default-settings.ts'
import type { ContextColour, Settings, SettingsChange } from '#shared/contract/settings.ts'
import { NoAnswer } from '../api/deadline.ts'
import { useApi } from '../api/index.ts'
import { chosenKeys } from '../shortcuts/bindings.ts'
import { speak } from '../texts/index.ts'
import { useClusters } from './clusters.ts'

/** The user's settings, kept by the back; the theme is applied as soon as it is known. */
export const useSettings = defineStore('settings', () => {
  const { back } = useApi()
  /** As the back last told them. */
  const stored = shallowRef(defaultSettings)
  /** What the back has not confirmed yet. */
  const unsaved = shallowRef<readonly SettingsChange[]>([])
  const settings = computed((): Settings => unsaved.value.reduce(withChange, stored.value))
  /** The settings are read before any is saved. */
  const first = load()
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const systemIsDark = ref(dark.matches)
  dark.addEventListener('change', ({ matches }) => (systemIsDark.value = matches))
  watchEffect(() => {
    const { theme } = settings.value
    const isDark = theme === 'dark' || (theme === 'system' && systemIsDark.value)
    changeTheme(isDark ? 'dark' : 'light')
  })
  watchEffect(() => void speak(languageOf(settings.value.language, navigator.languages)))
  watchEffect(() => {
    const { motion, density } = settings.value
    Object.assign(document.documentElement.dataset, { motion, density })
  })
  watchEffect(() => (chosenKeys.value = settings.value.shortcuts))
  watchEffect(() => document.documentElement.toggleAttribute('data-saving', unsaved.value.length > 0))

  async function load(): Promise<void> {
    try {
      stored.value = { ...defaultSettings, ...(await back.app.settings()) }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await load()
    }
  }
  /**
   * Shown and sent at once, so that a window that is closed next loses none; the back saves in the order in which it is asked. Of
   * settings by context or kind, those that are not named stay. @throws Error when it cannot be saved
   */
  async function save(change: SettingsChange): Promise<void> {
    unsaved.value = [...unsaved.value, change]
    try {
      await first
      stored.value = await untilAnswered(() => back.app.saveSettings(change))
    } finally {
      unsaved.value = unsaved.value.filter((each) => each !== change)
    }
  }
  /** Namespaces shown of a context; none = all. At first the one that its kubeconfig names, as with kubectl. */
  function namespacesOf(context: string): string[] {
    const { namespaces, defaultNamespace } = settings.value
    const own = useClusters().contexts.find(({ id }) => id === context)?.namespace
    return namespaces[context] ?? (own ? [own] : defaultNamespace === '' ? [] : [defaultNamespace])
  }
  const setNamespaces = (context: string, names: string[]): Promise<void> => save({ namespaces: { [context]: names } })

  /** Height of a row of a table, px. */
  const rowHeight = computed(() => rowHeights[settings.value.density])
  /** The colour by which a context is known: the user's choice, else one that follows from its id. */
  const colourOf = (context: string): ContextColour =>
    settings.value.contextColours[context] ?? contextColours[hash(context) % (contextColours.length - 1)] ?? 'grey'

  /** Reads them again, after the back has changed some by itself. */
  const reload = load
  return { settings, save, reload, rowHeight, colourOf, namespacesOf, setNamespaces }
})

/** A setting may be saved twice: while the back does not answer, it is tried again. @throws what the back answers */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof NoAnswer) return untilAnswered(ask)
    throw error
  }
}

const rowHeights = { compact: 24, normal: 28, roomy: 32 }

const hash = (text: string): number => {
  let sum = 7
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521
  return sum
}

/** Changes all colours in one frame: halfway through a transition, texts could not be read. */
function changeTheme(theme: 'light' | 'dark'): void {
  const { dataset } = document.documentElement
  if (dataset.theme === theme) return
  dataset.switching = ''
  dataset.theme = theme
  requestAnimationFrame(() => requestAnimationFrame(() => delete dataset.switching))
}
