type Step =
  | { name: string }
  | { index: number }
  | { slice: Slice }
  | { all: true }
  | { descend: true }
  | { any: readonly Step[] }
  | { where: Step[]; operator: string; value: unknown }

/** `[from:to:by]`; negative places count from the end. */
interface Slice {
  from: number | undefined
  to: number | undefined
  by: number
}

/** The JSONPaths that printer columns, selectable fields and the user's own columns use: `.spec.list[?(@.type=="Ready")].status`. */
export class JsonPath {
  readonly #steps: Step[]

  /** @throws Error when the syntax is invalid */
  constructor(text: string) {
    this.#steps = parse(text.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, ''))
  }

  /** Returns all values that the path selects. */
  all(value: unknown): unknown[] {
    return walk([value], this.#steps)
  }

  first(value: unknown): unknown {
    return this.all(value)[0]
  }
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function walk(values: unknown[], steps: readonly Step[]): unknown[] {
  for (const step of steps) values = values.flatMap((value) => take(value, step))
  return values
}

function take(value: unknown, step: Step): unknown[] {
  if ('name' in step) return isFields(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
  if ('index' in step) {
    const item: unknown = Array.isArray(value) ? (value as unknown[]).at(step.index) : undefined
    return item === undefined ? [] : [item]
  }
  if ('any' in step) return step.any.flatMap((one) => take(value, one))
  if ('slice' in step) return Array.isArray(value) ? cut(value as unknown[], step.slice) : []
  const items: unknown[] = Array.isArray(value) ? value : isFields(value) ? Object.values(value) : []
  if ('all' in step) return items
  if ('descend' in step) return [value, ...items.flatMap((item) => take(item, step))]
  return items.filter((item) => compare(walk([item], step.where)[0], step.operator, step.value))
}

const cut = (list: readonly unknown[], { from, to, by }: Slice): unknown[] =>
  list.slice(from, to).filter((_, i) => i % by === 0)

function compare(left: unknown, operator: string, right: unknown): boolean {
  switch (operator) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '>':
      return Number(left) > Number(right)
    case '<':
      return Number(left) < Number(right)
    case '>=':
      return Number(left) >= Number(right)
    case '<=':
      return Number(left) <= Number(right)
    default:
      return left !== undefined
  }
}

function parse(text: string): Step[] {
  const steps: Step[] = []
  let rest = text
  while (rest !== '') {
    const descent = /^\.\.(?=[^.])/.exec(rest)
    if (descent) {
      steps.push({ descend: true })
      rest = rest.slice(rest[2] === '[' ? 2 : 1)
      continue
    }
    const name = /^\.((?:[^.[\]\\]|\\.)+)/.exec(rest)
    if (name) {
      const [whole, raw = ''] = name
      steps.push(raw === '*' ? { all: true } : { name: raw.replaceAll('\\', '') })
      rest = rest.slice(whole.length)
      continue
    }
    const inside = bracketsAt(rest)
    if (inside === undefined) throw new Error(`unexpected ${JSON.stringify(rest.slice(0, 20))} in JSONPath`)
    steps.push(inBrackets(inside))
    rest = rest.slice(inside.length + 2)
  }
  return steps
}

/** What stands in the brackets that a text begins with; a filter may have brackets of its own. */
function bracketsAt(text: string): string | undefined {
  if (!text.startsWith('[')) return undefined
  let depth = 0
  for (const { 0: part, index } of text.matchAll(/'[^']*'|"[^"]*"|[[\]]/g)) {
    if (part === '[') depth++
    if (part === ']' && --depth === 0) return text.slice(1, index)
  }
  return undefined
}

function inBrackets(text: string): Step {
  if (text === '*') return { all: true }
  if (/^-?\d+$/.test(text)) return { index: Number(text) }
  const slice = /^(-?\d+)?:(-?\d+)?(?::(\d+)?)?$/.exec(text)
  if (slice) return { slice: { from: numberOf(slice[1]), to: numberOf(slice[2]), by: numberOf(slice[3]) || 1 } }
  const quoted = /^'([^']*)'$|^"([^"]*)"$/.exec(text)
  if (quoted) return { name: quoted[1] ?? quoted[2] ?? '' }
  if (union.test(text)) return { any: Array.from(text.matchAll(member), ([one]) => inBrackets(one)) }
  const filter = /^\?\(\s*@(\S*?)\s*(?:(==|!=|>=|<=|>|<)\s*(.*?))?\s*\)$/.exec(text)
  if (!filter) throw new Error(`unexpected [${text}] in JSONPath`)
  const [, path = '', operator = '', value = ''] = filter
  return { where: parse(path), operator, value: literal(value) }
}

const member = /'[^']*'|"[^"]*"|-?\d+/g
const union = new RegExp(`^(?:${member.source})(?:\\s*,\\s*(?:${member.source}))+$`)
const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))

function literal(text: string): unknown {
  const quoted = /^'(.*)'$|^"(.*)"$/.exec(text)
  if (quoted) return quoted[1] ?? quoted[2] ?? ''
  if (text === 'true' || text === 'false') return text === 'true'
  return text === '' ? undefined : Number(text)
}
