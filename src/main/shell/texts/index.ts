import { languageOf, type Language } from '#shared/base/language.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Settings } from '#shared/contract/settings.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import type { ShellTexts } from './shell-texts.ts'

export type { ShellTexts } from './shell-texts.ts'
const all: Record<Language, ShellTexts> = { en, de }

/** The texts in the language that windows speak: the one of the settings, else the system's. */
export interface Speech {
  texts(): ShellTexts
  /** Calls back when the language has changed. */
  onChange(listener: () => void): Stop
  follow(settings: Pick<Settings, 'language'>): void
}

/** @param preferred languages of the system, the most wanted first: `de-CH` */
export function createSpeech(preferred: readonly string[]): Speech {
  let spoken = languageOf('system', preferred)
  const listeners = new Set<() => void>()
  return {
    texts: () => all[spoken],
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    follow({ language }) {
      const wanted = languageOf(language, preferred)
      if (wanted === spoken) return
      spoken = wanted
      for (const listener of listeners) listener()
    },
  }
}
