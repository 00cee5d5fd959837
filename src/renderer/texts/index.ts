import { createI18n } from 'vue-i18n'
import type { Language } from '#shared/base/language.ts'
import { areas, type Area } from './areas.ts'
import { en } from './en/index.ts'
import type { KeyOf, Texts } from './translation.ts'

/** The name of a text: `shell.connection.retry`. */
export type TextKey = KeyOf<typeof en> | { [Name in Area]: KeyOf<English<Name>> }[Area]
type English<Name extends Area> = Awaited<ReturnType<(typeof areas)[Name]['en']>>

const initial: string = 'en'
const messages: Record<string, Texts> = { en }

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

/**
 * Loads a part of the page together with the areas of texts that it needs beside those of the page itself, in the user's
 * language. `texts.test.ts` finds an area that is forgotten.
 */
export const withTexts =
  <Part>(needed: readonly Area[], load: () => Promise<Part>) =>
  async (): Promise<Part> => {
    const [part] = await Promise.all([load(), loadTexts(needed)])
    return part
  }

/** Areas that were asked for: a change of the language brings them, too. */
const shown = new Set<Area>()
/** The language that is meant, while its texts are still on their way. */
let meant: Language = 'en'

/** Has the texts of areas in the language in use, and in the one that is being changed to. */
export async function loadTexts(needed: readonly Area[]): Promise<void> {
  for (const name of needed) shown.add(name)
  await Promise.all(needed.flatMap((name) => [loadArea(language(), name), loadArea(meant, name)]))
}

/** Loads a language and changes to it. */
export async function speak(wanted: Language): Promise<void> {
  meant = wanted
  await Promise.all([loadFrame(wanted), ...[...shown].map((name) => loadArea(wanted, name))])
  if (meant !== wanted) return
  i18n.global.locale.value = wanted
  document.documentElement.lang = wanted
}

const loadFrame = (wanted: Language): Promise<void> =>
  once(`${wanted} frame`, async () => (wanted === 'de' ? (await import('./de/index.ts')).de : en), wanted)
const loadArea = (wanted: Language, name: Area): Promise<void> => once(`${wanted} ${name}`, areas[name][wanted], wanted)

const loading = new Map<string, Promise<void>>()
/** What could not be loaded is tried again when it is next needed. */
function once(name: string, load: () => Promise<object>, wanted: Language): Promise<void> {
  const known = loading.get(name)
  if (known) return known
  const loaded = load().then((texts) => i18n.global.mergeLocaleMessage(wanted, { ...texts }))
  loading.set(name, loaded)
  loaded.catch(() => loading.delete(name))
  return loaded
}
