import { createI18n } from 'vue-i18n'
import { en } from './en/index.ts'
import type { KeyOf } from './translation.ts'

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]
/** The name of a text: `shell.connection.retry`. */
export type TextKey = KeyOf<typeof en>

const initial: string = 'en'
const messages: Record<string, typeof en> = { en }

export const i18n = createI18n({
  legacy: false,
  locale: initial,
  fallbackLocale: 'en',
  messages,
})

/**
 * A text in the user's language; in a template or a computed value it follows the language. `n` among the values chooses
 * the plural form (`{n} pod | {n} pods`). Numbers are written as the language writes them.
 */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  const written = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'number' ? numberFormat().format(value) : value,
    ]),
  )
  const { n } = values
  return typeof n === 'number' ? i18n.global.t(key, written, { plural: n }) : i18n.global.t(key, written)
}

const numberFormats = new Map<string, Intl.NumberFormat>()
/** Numbers in the user's language. Formatters are costly to make, so each is kept. */
export function numberFormat(maximumFractionDigits = 3): Intl.NumberFormat {
  const locale = i18n.global.locale.value
  const key = `${locale} ${maximumFractionDigits}`
  const format = numberFormats.get(key) ?? new Intl.NumberFormat(locale, { maximumFractionDigits })
  numberFormats.set(key, format)
  return format
}

/** The language in use. */
export const language = (): Language => (i18n.global.locale.value === 'de' ? 'de' : 'en')

/** The language that is meant by a choice: the first of the browser's that there is, for `system`. */
export function languageOf(choice: Language | 'system', preferred: readonly string[] = navigator.languages): Language {
  if (choice !== 'system') return choice
  const known = preferred.map((tag) => tag.slice(0, 2).toLowerCase())
  return known.flatMap((tag) => languages.filter((each) => each === tag))[0] ?? 'en'
}

/** Loads a language and changes to it. */
export async function speak(wanted: Language): Promise<void> {
  if (!i18n.global.availableLocales.includes(wanted))
    i18n.global.setLocaleMessage(wanted, (await load[wanted]()) as typeof en)
  i18n.global.locale.value = wanted
  document.documentElement.lang = wanted
}

const load: Record<Language, () => Promise<object>> = {
  en: async () => en,
  de: async () => (await import('./de/index.ts')).de,
}
