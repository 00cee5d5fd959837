import type { SettingsChange } from '#shared/contract/settings.ts'
import { useNotices } from '../../stores/notices.ts'
import { useSettings } from '../../stores/settings.ts'

/** Saves settings as they are changed, and tells what could not be saved. */
export function useSaved() {
  const store = useSettings()
  const notices = useNotices()
  return { store, save: (change: SettingsChange): void => void store.save(change).catch(notices.fail) }
}
