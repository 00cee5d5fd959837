import { t, type TextKey } from '../../texts/index.ts'

/** The parts of the settings page in their order there, as its address names them. */
export const sections = ['appearance', 'engine', 'logs', 'contexts', 'desktop', 'yours', 'data', 'shortcuts'] as const
export type Section = (typeof sections)[number]

const settings: readonly { section: Section; text: TextKey }[] = [
  { section: 'appearance', text: 'settings.theme' },
  { section: 'appearance', text: 'settings.density' },
  { section: 'appearance', text: 'settings.language' },
  { section: 'appearance', text: 'settings.motion' },
  { section: 'shortcuts', text: 'settings.sections.shortcuts' },
  { section: 'contexts', text: 'settings.defaultNamespace' },
  { section: 'contexts', text: 'settings.onQuit' },
  { section: 'logs', text: 'settings.logLines' },
  { section: 'logs', text: 'settings.fontSize' },
  { section: 'logs', text: 'settings.pasteWarning' },
  { section: 'engine', text: 'settings.sections.engine' },
  { section: 'desktop', text: 'settings.startAtLogin' },
  { section: 'desktop', text: 'settings.notifications' },
  { section: 'yours', text: 'settings.sections.yours' },
  { section: 'data', text: 'settings.dataFolder' },
  { section: 'data', text: 'settings.updates' },
]

/** Every setting by its name, and where it is. */
export const settingNames = (): { section: Section; title: string }[] =>
  settings.map(({ section, text }) => ({ section, title: t(text) }))
