import { unwatchFile, watchFile } from 'node:fs'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createTurns } from '#shared/base/turns.ts'
import { yoursFile, type OwnAction, type Yours, type YoursProblem, type YoursState } from '#shared/contract/yours.ts'
import { writePrivateFile } from '#main/keys/private-file.ts'
import { readYours } from './read.ts'

/** The user's own actions, columns, links and shortcuts: a file of the data folder that is followed. */
export interface YoursStore {
  state(): YoursState
  onChange(listener: () => void): Stop
  /** The file as it is; a beginning where there is none. */
  text(): Promise<string>
  /**
   * Writes the file, whatever is wrong with it: the last version without problems stays in force. Where it is a link, the file that it
   * leads to is written.
   * @param base what `text` was made of: another window, or an editor, may have written since
   * @throws Error for the user where the file is another by now; then nothing is written
   */
  save(text: string, base: string): Promise<void>
  check(text: string): YoursProblem[]
  schema(): string
  /** @throws Error for the user where there is no such action in force */
  action(name: string): OwnAction
  stop: Stop
}

/** How often the file is looked at, ms. */
const lookEvery = 1_000
const schemaFile = 'yours.schema.json'

export async function openYours({ dir }: { dir: string }): Promise<YoursStore> {
  const file = join(dir, 'yours.yaml')
  const listeners = new Set<() => void>()
  let inForce: Yours = {}
  let problems: YoursProblem[] = []
  let last: string | undefined

  let looking = Promise.resolve()
  /** One after the other: what was read last is in force. */
  const look = (): Promise<void> => (looking = looking.then(lookOnce))
  async function lookOnce(): Promise<void> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => error as NodeJS.ErrnoException)
    const seen = typeof text === 'string' ? text : `: ${text.code ?? ''}`
    if (seen === last) return
    last = seen
    if (typeof text === 'string') {
      const read = readYours(text)
      problems = [...read.problems]
      if ('yours' in read) inForce = read.yours
    } else if (text.code === 'ENOENT') {
      inForce = {}
      problems = []
    } else problems = [{ line: 1, column: 1, path: '', message: messageOf(text) }]
    for (const listener of listeners) listener()
  }
  const textNow = (): Promise<string> =>
    readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return beginning
      // What cannot be read must not be replaced by a beginning.
      throw error
    })
  /** One after the other: the second of two windows sees what the first has written. */
  const inTurn = createTurns()
  async function saveOnce(text: string, base: string): Promise<void> {
    if ((await textNow()) !== base)
      throw new Error(`${file} has been changed meanwhile, by another window or an editor: nothing was saved`)
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeFile(join(dir, schemaFile), schema(), { mode: 0o600 })
    await writePrivateFile(await realpath(file).catch(() => file), text)
    await look()
  }
  const follow = (): void => void look()
  await look()
  watchFile(file, { interval: lookEvery, persistent: false }, follow)

  return {
    state: () => ({ file, inForce, problems }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    text: textNow,
    save: (text, base) => inTurn(() => saveOnce(text, base)),
    check: (text) => [...readYours(text).problems],
    schema,
    action(name) {
      const found = inForce.actions?.find((each) => each.name === name)
      if (!found) throw new Error(`there is no action "${name}" in ${file}`)
      return found
    },
    stop: () => unwatchFile(file, follow),
  }
}

const schema = (): string => JSON.stringify(z.toJSONSchema(yoursFile), undefined, 2)

const beginning = `# yaml-language-server: $schema=${schemaFile}
# Your own actions, columns, links and shortcuts. \${metadata.name} and any other JSONPath stand for fields of the object.
#
# actions:
#   - name: Recent events
#     kinds: ['*']
#     command: [kubectl, events, --namespace, '\${metadata.namespace}', --for, '\${kind}/\${metadata.name}']
#     readOnly: true
# columns:
#   - name: Team
#     kind: Pod
#     path: .metadata.labels.team
# links:
#   - name: Search the logs
#     kinds: [Pod]
#     url: https://logs.example.com/?pod=\${metadata.name}
# shortcuts:
#   - keys: g t
#     list: StatefulSet
`
