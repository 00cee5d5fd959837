/**
 * What an error says, for logs and users; whatever else was thrown, as text. Of the Docker Engine's errors the engine's own
 * words: its client puts the status of the answer before them. An answer without words is told by its status, an error without
 * any by its name: it is never empty.
 */
export const messageOf = (error: unknown): string =>
  wordsOf(error)
    .replace(/^\(HTTP code (\d+)\) ([^-]*) - (.*)$/s, (_, code, reason, words: string) =>
      words.trim() === '' ? `HTTP ${code} ${reason}` : words,
    )
    .trim()

function wordsOf(error: unknown): string {
  // Node.js tries all addresses of a name, and says nothing itself when none of them takes the connection.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ')
  if (error instanceof Error) return error.message.trim() === '' ? error.name : error.message
  if (typeof error !== 'object' || error === null) return String(error)
  return 'message' in error && typeof error.message === 'string' ? error.message : textOf(error)
}

function textOf(value: object): string {
  try {
    return JSON.stringify(value)
  } catch {
    // It holds itself, or what JSON cannot say.
    return `{${Object.keys(value).join()}}`
  }
}
