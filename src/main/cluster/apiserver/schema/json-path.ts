import { isFields } from './structural.ts'

type Step = { name: string } | { index: number } | { all: true } | { where: Step[]; operator: string; value: unknown }

/** The JSONPaths that printer columns and selectable fields use: `.spec.list[?(@.type=="Ready")].status`. */
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
  const items: unknown[] = Array.isArray(value) ? value : isFields(value) ? Object.values(value) : []
  if ('all' in step) return items
  return items.filter((item) => compare(walk([item], step.where)[0], step.operator, step.value))
}

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
    const name = /^\.((?:[^.[\]\\]|\\.)+)/.exec(rest)
    if (name) {
      const [whole, raw = ''] = name
      steps.push(raw === '*' ? { all: true } : { name: raw.replaceAll('\\', '') })
      rest = rest.slice(whole.length)
      continue
    }
    const bracket = /^\[((?:[^\]'"]|'[^']*'|"[^"]*")*)\]/.exec(rest)
    if (!bracket) throw new Error(`unexpected ${JSON.stringify(rest.slice(0, 20))} in JSONPath`)
    steps.push(inBrackets(bracket[1] ?? ''))
    rest = rest.slice(bracket[0].length)
  }
  return steps
}

function inBrackets(text: string): Step {
  if (text === '*') return { all: true }
  if (/^-?\d+$/.test(text)) return { index: Number(text) }
  const quoted = /^'([^']*)'$|^"([^"]*)"$/.exec(text)
  if (quoted) return { name: quoted[1] ?? quoted[2] ?? '' }
  const filter = /^\?\(\s*@(\S*?)\s*(?:(==|!=|>=|<=|>|<)\s*(.*?))?\s*\)$/.exec(text)
  if (!filter) throw new Error(`unexpected [${text}] in JSONPath`)
  const [, path = '', operator = '', value = ''] = filter
  return { where: parse(path), operator, value: literal(value) }
}

function literal(text: string): unknown {
  const quoted = /^'(.*)'$|^"(.*)"$/.exec(text)
  if (quoted) return quoted[1] ?? quoted[2] ?? ''
  if (text === 'true' || text === 'false') return text === 'true'
  return text === '' ? undefined : Number(text)
}
