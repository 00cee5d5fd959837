import { z } from 'zod'
import { downstream, procedure } from './stream.ts'

/** What users add to the window themselves: actions, columns, links and shortcuts, in one YAML file. Never code that the window loads. */

const kindName = z
  .string()
  .regex(/^(?:\*|(?:[a-z0-9.-]+\/)?[A-Z][A-Za-z0-9]*)$/, 'a kind, such as Pod, apps/Deployment, or * for all')
  .describe('A kind, such as Pod; with its group where it has one: apps/Deployment. * stands for all kinds.')
const kinds = z.array(kindName).min(1).max(50).describe('The kinds whose objects have it.')
const title = z.string().min(1).max(60)
const keys = z
  .string()
  .regex(/^(?:\S|Ctrl\+\S|\S \S)$/, 'a key such as x, Ctrl+X, or two in a row: g x')
  .describe('A key such as x or Ctrl+X, or two in a row: g x.')

const ownAction = z.strictObject({
  name: title.describe('What the button and the menu say.'),
  kinds,
  command: z
    .array(z.string().max(10_000))
    .min(1)
    .max(100)
    .describe(
      'The program and its arguments, each an item of its own. No shell reads them. ${metadata.name} and any other JSONPath stand for fields of the object.',
    ),
  readOnly: z.boolean().optional().describe('It changes nothing, so that it may be run in contexts that are locked.'),
  keys: keys.optional(),
})
export type OwnAction = z.infer<typeof ownAction>

const ownColumn = z.strictObject({
  name: title.describe('The heading.'),
  kind: kindName,
  path: z.string().min(1).max(500).describe('A JSONPath into the object: .metadata.labels.team'),
  width: z.number().int().min(40).max(600).optional().describe('px'),
  hidden: z.boolean().optional().describe('Shown only where it is chosen among the columns.'),
})
export type OwnColumn = z.infer<typeof ownColumn>

const ownLink = z.strictObject({
  name: title.describe('What the button and the menu say.'),
  kinds,
  url: z
    .string()
    .max(4_000)
    .regex(/^https?:\/\/[^\s/$?#{}]+(?:[/?#]|$)/i, 'an address of http or https whose host is written out')
    .describe('An address of http or https. ${…} stands for fields of the object, encoded.'),
})
export type OwnLink = z.infer<typeof ownLink>

const ownShortcut = z.strictObject({
  keys,
  list: kindName.describe('Opens the list of this kind.'),
})

export const yoursFile = z.strictObject({
  actions: z.array(ownAction).max(200).optional().describe('Commands that are run for an object.'),
  columns: z.array(ownColumn).max(200).optional().describe('Columns of lists.'),
  links: z.array(ownLink).max(200).optional().describe('Pages that the browser opens for an object.'),
  shortcuts: z.array(ownShortcut).max(200).optional().describe('Keys that open lists.'),
})
export type Yours = z.infer<typeof yoursFile>

export const yoursProblem = z.object({
  /** From 1. */
  line: z.number(),
  column: z.number(),
  /** `actions[0].command` */
  path: z.string(),
  message: z.string(),
})
export type YoursProblem = z.infer<typeof yoursProblem>

const yoursState = z.object({
  /** Path of the file. */
  file: z.string(),
  /** The last version without problems. */
  inForce: yoursFile,
  /** What is wrong with the file as it is now. */
  problems: z.array(yoursProblem),
})
export type YoursState = z.infer<typeof yoursState>

const text = z.string().max(1_000_000)

export const commandMessage = z.union([
  /** First: the words that are run. */
  z.object({ command: z.array(z.string()) }),
  z.object({ text: z.string() }),
  /** Last: its exit code, or why it did not run. */
  z.object({ ended: z.object({ code: z.number().optional(), message: z.string().optional() }) }),
  /** In place of all these: nothing runs, since the command is new or has changed. A request with the mark confirms it. */
  z.object({ confirm: z.object({ command: z.array(z.string()), mark: z.string() }) }),
])
export type CommandMessage = z.infer<typeof commandMessage>

export const runRequest = z.strictObject({
  context: z.string().min(1).max(300),
  /** Name of the action. */
  action: z.string().min(1).max(60),
  kind: kindName,
  /** The mark of a command that the user has confirmed in the page. */
  confirmed: z.string().max(100).optional(),
  /** Of the object: `/api/v1/namespaces/shop/pods/web`. */
  path: z
    .string()
    .max(2_000)
    .regex(/^\/(api|apis)\/[^?#]+$/),
})
export type RunRequest = z.infer<typeof runRequest>

export const yours = {
  /** What is in force and what is wrong with the file, again after each change of it. */
  watch: downstream({ open: z.strictObject({}), down: yoursState }),
  /** The file as it is; a beginning where there is none. */
  text: procedure.output(z.object({ text: z.string() })),
  /** `base`: what the text was made of. It is refused where the file is another by now. */
  save: procedure.input(z.strictObject({ text, base: text })).output(z.void()),
  /** What would be wrong with a text. */
  check: procedure.input(z.strictObject({ text })).output(z.object({ problems: z.array(yoursProblem) })),
  /** JSON schema of the file. */
  schema: procedure.output(z.object({ json: z.string() })),
  /** Runs an action for an object. It is ended when the reader leaves. */
  run: downstream({ open: runRequest, down: commandMessage }),
}
