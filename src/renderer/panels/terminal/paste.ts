/** A text that waits to be pasted, because it holds newlines: a shell would run what is before each. */
export interface PendingPaste {
  lines: readonly string[]
  text: string
  /** Whether it ends with a newline, so that the last line would run as well. */
  runsLast: boolean
}

/** @returns undefined for a text that runs nothing by itself */
export function pendingPaste(text: string): PendingPaste | undefined {
  if (!/[\r\n]/.test(text)) return undefined
  const whole = text.replace(/\r\n?/g, '\n')
  const runsLast = whole.endsWith('\n')
  return { text: whole, lines: (runsLast ? whole.slice(0, -1) : whole).split('\n'), runsLast }
}

/**
 * The text as it can be pasted without running anything.
 * @param bracketed the program takes a paste as one piece and runs none of it (bracketed paste, DEC mode 2004)
 */
export function withoutRunning({ lines }: PendingPaste, bracketed: boolean): string {
  return bracketed
    ? lines.join('\n')
    : lines
        .map((line) => line.trim())
        .filter((line) => line !== '')
        .join('; ')
}
