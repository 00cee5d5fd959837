import type { KubeObject } from '#shared/kube/object.ts'
import { createKnownSecrets, shortestSecret, type KnownSecrets } from './known-secrets.ts'
import { privateKeyIn, withoutLookalikes } from './lookalikes.ts'
import { createTurns } from './turns.ts'

/** What stands in the place of what is taken out. */
export const redacted = '[redacted]'

/** Takes secrets out of objects and texts. */
export interface Redactor {
  /** The object without values that may be secret; what it takes out is looked for in texts afterwards. */
  object(object: KubeObject): KubeObject
  /** Remembers something secret that texts may have. */
  secret(value: string): void
  /**
   * The text without anything that was taken out of an object, and without what looks like a key or a token. However long it is, the
   * process goes on meanwhile.
   */
  text(text: string): Promise<string>
  /** How many values were taken out. */
  readonly count: number
}

/** First `object` for all objects, then `text`. */
export function createRedactor(): Redactor {
  const secrets = new Set<string>()
  let known: KnownSecrets | undefined
  let count = 0
  const add = (form: string): void => {
    if (form.length >= shortestSecret) secrets.add(form)
  }
  const secret = (value: string): void => {
    for (const each of [value, ...value.split(/\r?\n/)]) {
      const trimmed = each.trim()
      if (trimmed.length < shortestSecret) continue
      add(trimmed)
      add(Buffer.from(trimmed).toString('base64'))
      add(encodeURIComponent(trimmed.toWellFormed()))
      // As the lines of a log have it.
      add(JSON.stringify(trimmed).slice(1, -1))
    }
    known = undefined
  }
  const hidden = (): string => {
    count++
    return redacted
  }
  const hide = (value: unknown): string => {
    if (typeof value === 'string') secret(value)
    return hidden()
  }
  return {
    secret,
    object: (object) => objectWithout(object, { hide, secret }),
    async text(text) {
      known ??= createKnownSecrets(secrets)
      const turn = createTurns()
      const withoutKnown = await withoutParts(text, knownIn(known, text, turn), hidden)
      const withoutKeys = await withoutParts(withoutKnown, privateKeysIn(withoutKnown, turn), hidden)
      const pieces: string[] = []
      for (const piece of piecesOf(withoutKeys)) {
        pieces.push(piece.length > mostWithoutBreak ? hidden() : withoutLookalikes(piece, hidden))
        await turn()
      }
      return pieces.join('')
    },
    get count() {
      return count
    },
  }
}

/** A part of a text, which ends before `end`. */
interface Part {
  at: number
  end: number
}

/** How much of a text is looked through at once. */
const stride = 32_768

async function* knownIn(known: KnownSecrets, text: string, turn: () => Promise<void>): AsyncGenerator<Part> {
  for (let from = 0; from < text.length;) {
    const found = known.next(text, from, from + stride)
    if (found) yield found
    from = found?.end ?? from + stride
    await turn()
  }
}

async function* privateKeysIn(text: string, turn: () => Promise<void>): AsyncGenerator<Part> {
  for (let found = privateKeyIn(text, 0); found; found = privateKeyIn(text, found.end)) {
    yield found
    await turn()
  }
}

/** The text without those parts; what lies side by side is one. */
async function withoutParts(text: string, parts: AsyncIterable<Part>, hidden: () => string): Promise<string> {
  const kept: string[] = []
  let from = 0
  let any = false
  for await (const { at, end } of parts) {
    if (!any || at > from) kept.push(text.slice(from, at), hidden())
    from = end
    any = true
  }
  return any ? kept.join('') + text.slice(from) : text
}

/** More without a blank or a comma in between is no text that says something. */
const mostWithoutBreak = 2 * stride

/** The text in pieces of about a stride: of whole lines where these are short, else up to a place where no secret is parted. */
function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const end = text.length - from <= stride ? text.length : breakAfter(text, from + stride)
    yield text.slice(from, end)
    from = end
  }
}

function breakAfter(text: string, from: number): number {
  for (const pattern of [/\n/g, /[,;&\s]/g]) {
    const near = pattern.source === '\\n' ? text.slice(0, from + stride) : text
    pattern.lastIndex = from
    const found = pattern.exec(near)
    if (found) return found.index + 1
  }
  return text.length
}

interface Hide {
  hide(value: unknown): string
  secret(value: string): void
}

/** Annotations that repeat the whole object, or what another tool keeps. */
const isRepetition = (key: string): boolean => key.endsWith('/last-applied-configuration')

function objectWithout(object: KubeObject, hands: Hide): KubeObject {
  const {
    managedFields: _fields,
    annotations = {},
    ...metadata
  } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown
  }
  const kept = Object.entries(annotations).filter(([key]) => !isRepetition(key))
  const content: Record<string, unknown> = { ...object }
  const isSecret = object.kind === 'Secret'
  const isMap = object.kind === 'ConfigMap'
  if (isSecret)
    for (const value of Object.values((content.data ?? {}) as Record<string, string>)) {
      hands.secret(decoded(value))
      hands.secret(value)
    }
  for (const field of ['data', 'stringData', 'binaryData'])
    if ((isSecret || isMap) && content[field]) content[field] = allHidden(content[field])
  return {
    ...(without(content, hands) as object),
    metadata: without(
      { ...metadata, ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}) },
      hands,
    ) as KubeObject['metadata'],
  }
}

/** The data of a Secret as text; what is none is found in its own form. */
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

/** Lines of a ConfigMap are not looked for in texts: many of them are ordinary words. */
const allHidden = (data: object): object => Object.fromEntries(Object.keys(data).map((key) => [key, redacted]))

/** Names of fields whose value is secret by their name. References to a Secret are objects, or end in `Name` or `Ref`. */
const secretField = /(password|passwd|secret|token|credential|api[-_]?key|private[-_]?key|authorization)$/i

/** A copy of the value without environment values, headers, and fields that are secret by their name. */
function without(value: unknown, hands: Hide, field = ''): unknown {
  if (Array.isArray(value)) {
    if (field === 'env' || field === 'httpHeaders') return value.map((each) => withoutValue(each, hands))
    return value.map((each) => without(each, hands, field))
  }
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' && secretField.test(field) ? hands.hide(value) : value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === 'metadata' && field === '' ? each : without(each, hands, key),
    ]),
  )
}

/** `{name, value}`: where the value comes from stays. */
function withoutValue(item: unknown, hands: Hide): unknown {
  if (typeof item !== 'object' || item === null) return item
  const { value, ...rest } = item as { value?: unknown }
  return value === undefined || value === '' ? item : { ...rest, value: hands.hide(value) }
}
