import { defineStore } from 'pinia'
import { computed, ref, watchEffect } from 'vue'
import {
  contextColours,
  defaultSettings,
  type ContextColour,
  type Settings,
  type SettingsChange,
} from '#shared/contract/app.ts'
import { defined } from '#shared/kube/json.ts'
import { useApi } from '../api/index.ts'
import { chosenKeys } from '../shortcuts/bindings.ts'
import { languageOf, speak } from '../texts/index.ts'
import { useClusters } from './clusters.ts'

/** The user's settings, kept by the back; the theme is applied as soon as it is known. */
export const useSettings = defineStore('settings', () => {
  const { back } = useApi()
  const settings = ref<Settings>(defaultSettings)
  void back.app.settings().then((stored) => (settings.value = { ...defaultSettings, ...stored }))
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const systemIsDark = ref(dark.matches)
  dark.addEventListener('change', ({ matches }) => (systemIsDark.value = matches))
  watchEffect(() => {
    const { theme } = settings.value
    const isDark = theme === 'dark' || (theme === 'system' && systemIsDark.value)
    changeTheme(isDark ? 'dark' : 'light')
  })
  watchEffect(() => void speak(languageOf(settings.value.language)))
  watchEffect(() => {
    const { motion, density } = settings.value
    Object.assign(document.documentElement.dataset, { motion, density })
  })
  watchEffect(() => (chosenKeys.value = settings.value.shortcuts))

  async function save(change: SettingsChange): Promise<void> {
    settings.value = { ...settings.value, ...defined(change) }
    settings.value = await back.app.saveSettings(change)
  }
  /** Namespaces shown of a context; none = all. At first the one that its kubeconfig names, as with kubectl. */
  function namespacesOf(context: string): string[] {
    const { namespaces, defaultNamespace } = settings.value
    const own = useClusters().contexts.find(({ id }) => id === context)?.namespace
    return namespaces[context] ?? (own ? [own] : defaultNamespace === '' ? [] : [defaultNamespace])
  }
  const setNamespaces = (context: string, names: string[]): Promise<void> =>
    save({ namespaces: { ...settings.value.namespaces, [context]: names } })

  /** Height of a row of a table, px. */
  const rowHeight = computed(() => rowHeights[settings.value.density])
  /** The colour by which a context is known: the user's choice, else one that follows from its id. */
  const colourOf = (context: string): ContextColour =>
    settings.value.contextColours[context] ?? contextColours[hash(context) % (contextColours.length - 1)] ?? 'grey'

  return { settings, save, rowHeight, colourOf, namespacesOf, setNamespaces }
})

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
