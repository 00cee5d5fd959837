/**
 * What an error says, for logs and users; whatever else was thrown, as text. Of the Docker Engine's errors the engine's own
 * words: its client puts the status of the answer before them. An answer without words is told by its status.
 */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^\(HTTP code (\d+)\) ([^-]*) - (.*)$/s, (_, code, reason, words: string) =>
      words.trim() === '' ? `HTTP ${code} ${reason}` : words,
    )
    .trim()
