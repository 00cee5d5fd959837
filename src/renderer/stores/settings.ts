import { defineStore } from 'pinia'
import { ref, watchEffect } from 'vue'
import type { Settings, SettingsChange } from '#shared/contract/app.ts'
import { useApi } from '../api/index.ts'
import { defined } from '#shared/kube/json.ts'

/** The user's settings, kept by the back; the theme is applied as soon as it is known. */
export const useSettings = defineStore('settings', () => {
  const { back } = useApi()
  const settings = ref<Settings>({ theme: 'system', onQuit: 'ask', namespaces: {}, hiddenColumns: {} })
  void back.app.settings().then((stored) => (settings.value = stored))
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const systemIsDark = ref(dark.matches)
  dark.addEventListener('change', ({ matches }) => (systemIsDark.value = matches))
  watchEffect(() => {
    const { theme } = settings.value
    const isDark = theme === 'dark' || (theme === 'system' && systemIsDark.value)
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
  })

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
