import { defineStore } from 'pinia'
import { ref, watchEffect } from 'vue'
import { defaultSettings, type Settings, type SettingsChange } from '#shared/contract/app.ts'
import { defined } from '#shared/kube/json.ts'
import { useApi } from '../api/index.ts'
import { languageOf, speak } from '../texts/index.ts'

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

  async function save(change: SettingsChange): Promise<void> {
    settings.value = { ...settings.value, ...defined(change) }
    settings.value = await back.app.saveSettings(change)
  }
  /** Namespaces shown of a context; none = all. */
  const namespacesOf = (context: string): string[] => settings.value.namespaces[context] ?? []
  const setNamespaces = (context: string, names: string[]): Promise<void> =>
    save({ namespaces: { ...settings.value.namespaces, [context]: names } })

  return { settings, save, namespacesOf, setNamespaces }
})

/** Changes all colours in one frame: halfway through a transition, texts could not be read. */
function changeTheme(theme: 'light' | 'dark'): void {
  const { dataset } = document.documentElement
  if (dataset.theme === theme) return
  dataset.switching = ''
  dataset.theme = theme
  requestAnimationFrame(() => requestAnimationFrame(() => delete dataset.switching))
}
