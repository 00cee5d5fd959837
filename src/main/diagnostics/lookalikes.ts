/**
 * Keys, tokens and passwords by their look, for those that nobody has declared. Every pattern begins where a run of its characters
 * begins, or at words that its own runs cannot hold: a text of n characters takes time in proportion to n, whatever it is.
 */
export function withoutLookalikes(text: string, hide: () => string): string {
  const hidden = text
    .replace(chain, (words: string) => (isToken(words) ? hide() : words))
    .replace(scheme, (_all, name: string) => `${name} ${hide()}`)
    .replace(credentials, () => `://${hide()}@`)
  return withoutAssigned(hidden, hide)
}

/** Where a private key begins in a text, and where it ends: with its last line, or with the text. */
export function privateKeyIn(text: string, from: number): { at: number; end: number } | undefined {
  for (let at = text.indexOf(keyBegins, from); at >= 0; at = text.indexOf(keyBegins, at + keyBegins.length)) {
    if (!isKeyLabel(text, at + keyBegins.length)) continue
    for (let end = text.indexOf(keyEnds, at); end >= 0; end = text.indexOf(keyEnds, end + keyEnds.length))
      if (isKeyLabel(text, end + keyEnds.length)) return { at, end: text.indexOf(dashes, end + keyEnds.length) + 5 }
    return { at, end: text.length }
  }
  return undefined
}
const [keyBegins, keyEnds, dashes] = ['-----BEGIN ', '-----END ', '-----']
const isKeyLabel = (text: string, at: number): boolean => /^[A-Z ]*PRIVATE KEY-----/.test(text.slice(at, at + 60))

/** Words with dots in between, as a JSON Web Token has them. */
const chain = /(?<![\w.-])[\w-]+(?:\.[\w-]*)+/g
const isToken = (words: string): boolean =>
  words
    .split('.')
    .some(
      (part, at, all) => at + 2 < all.length && /(?<!\w)eyJ[\w-]{8,}$/.test(part) && (all[at + 1] ?? '').length >= 8,
    )

const scheme = /\b(Bearer|Basic)\s+[\w+/=.~-]{8,}/gi
/** Some servers know no users: `redis://:password@host`. */
const credentials = /:\/\/[^\s/:@]*:[^\s/@]+@/g

/** Values of what is called a password: `--db-password=x`, `"token": "x"`. */
function withoutAssigned(text: string, hide: () => string): string {
  const parts: string[] = []
  let from = 0
  for (const { 0: all, 1: name = '', 2: quote = '', index } of text.matchAll(assignment)) {
    if (index < from || !secretName.test(name)) continue
    const assigned = quote === '"' ? inQuotes : quote === "'" ? inApostrophes : word
    assigned.lastIndex = index + all.length
    const value = assigned.exec(text)?.[0]
    if (value === undefined) continue
    parts.push(text.slice(from, index + all.length), hide())
    from = index + all.length + value.length
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(from)
}
const assignment = /(?<![\w-])([\w-]+)\\?["']?\s*[=:]\s*\\?(["']?)/g
const secretName = /password|passwd|secret|token|api[-_]?key|credential/i
const word = /[^\s"',;&[\]]{3,}/y
const inQuotes = /[^"\n]{3,}/y
const inApostrophes = /[^'\n]{3,}/y
