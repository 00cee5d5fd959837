import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { OwnAction } from '#shared/contract/yours.ts'
import { writePrivateFile } from '#main/keys/private-file.ts'

/**
 * Asks the user where no script of the page can answer for them.
 * @param action `line`: the whole command, as one line @returns whether it may run
 */
export type AskUser = (action: { name: string; line: string }) => Promise<boolean>

/** Which actions the user has confirmed: one that is new or has changed asks once before it runs. */
export interface ConfirmedActions {
  /**
   * @param given the mark that the page says the user has confirmed, where it is the page that asks
   * @returns the mark that is to be confirmed; undefined where the action may run @throws Error where the user does not want it
   */
  check(action: OwnAction, given: string | undefined): Promise<string | undefined>
}

/** Most characters of a command that a dialog shows as a whole. */
const mostShown = 2_000
/** Most marks that are kept; the oldest go. */
const mostMarks = 1_000
const marksFile = z.array(z.string())

/** @param options `file`: where they are kept; `ask`: unset where nobody but the page can ask */
export function confirmedActions({ file, ask }: { file: string; ask?: AskUser | undefined }): ConfirmedActions {
  const marks = async (): Promise<string[]> => {
    const text = await readFile(file, 'utf8').catch(() => '[]')
    try {
      return marksFile.parse(JSON.parse(text))
    } catch {
      // What cannot be read confirms nothing.
      return []
    }
  }
  return {
    async check(action, given) {
      const mark = markOf(action)
      const known = await marks()
      if (known.includes(mark)) return undefined
      if (ask) await requireConsent(ask, action)
      else if (given !== mark) return mark
      await writePrivateFile(file, JSON.stringify([...known, mark].slice(-mostMarks)))
      return undefined
    },
  }
}

async function requireConsent(ask: AskUser, { name, command }: OwnAction): Promise<void> {
  const line = commandLine(command)
  if (line.length > mostShown)
    throw new Error(`the command of "${name}" is too long to be shown before it runs: put it into a script`)
  if (!(await ask({ name, line }))) throw new Error(`"${name}" was not confirmed`)
}

/** Changes with whatever decides what an action does. */
const markOf = ({ name, command, readOnly }: OwnAction): string =>
  createHash('sha256')
    .update(JSON.stringify([name, command, readOnly ?? false]))
    .digest('hex')

/** The words as one line, in which nothing can hide: what is not plain is quoted, with its invisible characters written out. */
export const commandLine = (command: readonly string[]): string =>
  command.map((word) => (/^[\w@%+=:,./${}-]+$/.test(word) ? word : visible(JSON.stringify(word)))).join(' ')

const visible = (text: string): string =>
  text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
