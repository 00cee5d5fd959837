import { defined } from '../kube/json.ts'
import type { Settings, SettingsChange } from './settings.ts'

export const defaultSettings: Settings = {
  theme: 'system',
  onQuit: 'ask',
  namespaces: {},
  lists: {},
  favourites: {},
  recent: {},
  views: {},
  folded: {},
  language: 'system',
  logLines: 50_000,
  terminal: {
    fontSize: 12,
    warnOnPaste: true,
    screenReader: false,
    debugImage: 'busybox:1.36',
    nodeImage: 'busybox:1.36',
  },
  density: 'normal',
  motion: 'system',
  shortcuts: {},
  defaultNamespace: '',
  contextColours: {},
  readOnly: {},
  kubeconfigs: [],
  startAtLogin: false,
  notifications: true,
  updates: false,
  crashNotices: true,
}

/** Settings by context, kind or group. */
const keyed = ['namespaces', 'lists', 'favourites', 'recent', 'views', 'folded', 'contextColours', 'readOnly'] as const

/**
 * The settings with a change. Of settings by context, kind or group only the entries that it names are replaced: another
 * window's stay.
 */
export function withChange(before: Settings, change: SettingsChange): Settings {
  const entries = keyed.flatMap((key) => (change[key] ? [[key, { ...before[key], ...change[key] }]] : []))
  return { ...before, ...defined(change), ...Object.fromEntries(entries) } as Settings
}
