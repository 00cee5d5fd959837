import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { yoursFile, type Yours, type YoursProblem } from '#shared/contract/yours.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { readCommand } from '#shared/kube/own-command.ts'
import { fieldOf, parseTemplate } from '#shared/kube/own-fields.ts'

type Path = readonly (string | number)[]
interface Mistake {
  path: Path
  message: string
}

/** Reads a user's file: what it says, or what is wrong with it and where. */
export function readYours(text: string): { yours: Yours; problems: readonly [] } | { problems: YoursProblem[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0)
    return {
      problems: document.errors.map(({ pos: [from], message }) => ({ ...placeOf(lines, from), path: '', message })),
    }
  const value = valueOf(document)
  if (value instanceof Error) return { problems: [{ line: 1, column: 1, path: '', message: value.message }] }
  const parsed = yoursFile.safeParse(value ?? {})
  const mistakes = parsed.success ? mistakesOf(parsed.data) : parsed.error.issues.flatMap(mistakeOf)
  if (parsed.success && mistakes.length === 0) return { yours: parsed.data, problems: [] }
  return {
    problems: mistakes
      .map(({ path, message }) => ({ ...placeOf(lines, offsetOf(document, path)), path: pathText(path), message }))
      .sort((a, b) => a.line - b.line || a.column - b.column),
  }
}

/** Few aliases are followed: a small file may stand for a huge value else. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 }) as unknown
  } catch (error) {
    return new Error(messageOf(error))
  }
}

function mistakeOf(issue: { code: string; path: PropertyKey[]; message: string; keys?: string[] }): Mistake[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'invalid_type' && /received undefined$/.test(issue.message))
    return [{ path, message: 'is missing' }]
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return (issue.keys ?? []).map((key) => ({ path: [...path, key], message: `there is no field "${key}" here` }))
}

/** What the schema cannot say. */
function mistakesOf({ actions = [], columns = [], links = [], shortcuts = [] }: Yours): Mistake[] {
  return [
    ...actions.flatMap(({ command }, at) => failure(['actions', at, 'command'], () => void readCommand(command))),
    ...columns.flatMap(({ path }, at) => failure(['columns', at, 'path'], () => void fieldOf(path))),
    ...links.flatMap(({ url }, at) => failure(['links', at, 'url'], () => void parseTemplate(url))),
    ...twice(actions, 'actions', ({ name }) => name),
    ...twice(links, 'links', ({ name }) => name),
    ...twice(columns, 'columns', ({ kind, name }) => `${name} of ${kind}`),
    ...twice(
      [...shortcuts, ...actions.filter(({ keys }) => keys !== undefined)],
      'shortcuts',
      ({ keys }) => keys ?? '',
    ),
  ]
}

function failure(path: Path, check: () => void): Mistake[] {
  try {
    check()
    return []
  } catch (error) {
    return [{ path, message: messageOf(error) }]
  }
}

function twice<T>(all: readonly T[], list: string, nameOf: (one: T) => string): Mistake[] {
  return all.flatMap((one, at) =>
    all.findIndex((other) => nameOf(other) === nameOf(one)) === at
      ? []
      : [{ path: [list, at], message: `"${nameOf(one)}" is there twice` }],
  )
}

/** Where a value, or the key of one that should not be there, begins; the nearest around it where it is missing. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last)
      const found = pair && isPair(pair) && isNode(pair.key) ? pair.key.range?.[0] : undefined
      if (found !== undefined) return found
    }
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

const placeOf = (lines: LineCounter, offset: number): { line: number; column: number } => {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

const pathText = (path: Path): string =>
  path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('')
