/** Languages of the app's texts. */
export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

/** The language that is meant by a choice: for `system`, the first of the preferred ones that there is. */
export function languageOf(choice: Language | 'system', preferred: readonly string[]): Language {
  if (choice !== 'system') return choice
  const known = preferred.map((tag) => tag.slice(0, 2).toLowerCase())
  return known.flatMap((tag) => languages.filter((each) => each === tag))[0] ?? 'en'
}
