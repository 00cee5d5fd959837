/**
 * Files of variables that containers leave for others in an emptyDir volume (`fileKeyRef`, KEP-3721). They are a part of
 * the shell's language: `NAME='text'` on lines of its own, with comments; the text may have several lines and holds no
 * quote.
 */

/** A file is not in that format. */
export class BadEnvFile extends Error {}

/** Bytes of a file that are read at most. */
export const mostEnvFileBytes = 2 ** 20

/** @returns undefined when the file does not have the variable @throws BadEnvFile for what is wrong before it */
export function variableIn(text: string, name: string): string | undefined {
  const file = { lines: text.split('\n').map((line) => line.replace(/\r$/, '')), at: 0 }
  for (let found = nextVariable(file); found; found = nextVariable(file)) if (found.name === name) return found.value
  return undefined
}

interface EnvFile {
  lines: readonly string[]
  /** Index of the next line. */
  at: number
}

function nextVariable(file: EnvFile): { name: string; value: string } | undefined {
  const line = nextLine(file)
  if (line === undefined) return undefined
  const number = file.at
  const bad = (why: string): BadEnvFile =>
    new BadEnvFile(`invalid environment variable format at line ${number}: ${why}`)
  const [, name = '', gap = '', rest] = /^([^=]*?)([ \t]*)=(.*)$/.exec(line) ?? []
  if (rest === undefined) throw bad("missing '='")
  if (name === '') throw bad('empty variable name')
  if (gap !== '') throw bad("whitespace before '=' is not allowed")
  // To the shell, the text behind a blank is no part of the value.
  if (/^[ \t]/.test(rest)) return { name, value: '' }
  if (!rest.startsWith("'")) throw bad('value must be enclosed in single quotes')
  return { name, value: quoted(file, rest.slice(1), bad) }
}

/** Passes over blank lines and comments. */
function nextLine(file: EnvFile): string | undefined {
  for (;;) {
    const line = file.lines[file.at++]
    const text = line?.replace(/^[ \t]+/, '')
    if (text === undefined || (text !== '' && !text.startsWith('#'))) return text
  }
}

/** The text up to the closing quote. @param rest of the line, behind the opening one */
function quoted(file: EnvFile, rest: string, bad: (why: string) => BadEnvFile): string {
  const parts: string[] = []
  for (let line: string | undefined = rest; line !== undefined; line = file.lines[file.at++]) {
    const end = line.indexOf("'")
    parts.push(end < 0 ? line : line.slice(0, end))
    if (end < 0) continue
    if (!/^[ \t]*(#|$)/.test(line.slice(end + 1))) throw bad('unexpected content after closing quote')
    return parts.join('\n')
  }
  throw bad('unclosed single quote')
}
