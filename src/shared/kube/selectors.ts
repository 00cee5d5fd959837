import { labelValueProblems, qualifiedNameProblems } from './validation-names.ts'

/** Label and field selectors: parsing of their text forms, and matching. */

export type LabelOperator = 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  key: string
  operator: LabelOperator
  values: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

/** Whether `labels` satisfy every requirement; no requirements match everything. */
export function matchesLabels(requirements: readonly LabelRequirement[], labels: Labels | undefined): boolean {
  for (const requirement of requirements) if (!meets(requirement, labels?.[requirement.key])) return false
  return true
}

/** `absent` satisfies `!=` and `notin`, as in Kubernetes. */
export function meets(
  { operator, values }: Pick<LabelRequirement, 'operator' | 'values'>,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value)
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
      return isInteger(value) && Number(value) > Number(values[0])
    case 'lt':
      return isInteger(value) && Number(value) < Number(values[0])
  }
}

const isInteger = (value: string | undefined): boolean => value !== undefined && /^[+-]?\d+$/.test(value)

/** The wire shape of `meta/v1.LabelSelector`. */
export interface LabelSelectorShape {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

/**
 * Requirements of a LabelSelector object. In Kubernetes an absent selector matches nothing (undefined) and an empty one
 * everything.
 */
export function labelRequirements(selector: LabelSelectorShape | undefined): LabelRequirement[] | undefined {
  if (!selector) return undefined
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push({ key, operator: 'in', values: [value] })
  for (const { key, operator, values } of selector.matchExpressions ?? [])
    requirements.push({ key, operator: expressionOperators[operator] ?? 'in', values: values ?? [] })
  return requirements
}

/** The operators of the text form, by those of objects. */
export const expressionOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
}

/** Whether a LabelSelector object selects `labels`. */
export function selects(selector: LabelSelectorShape | undefined, labels: Labels | undefined): boolean {
  const requirements = labelRequirements(selector)
  return requirements !== undefined && matchesLabels(requirements, labels)
}

/** The text form of a LabelSelector, for a `labelSelector` parameter or `status.selector` of a scale. */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',')
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'in':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${[...values].sort().join(',')})`
    case 'notin':
      return values.length === 1 ? `${key}!=${values[0] ?? ''}` : `${key} notin (${[...values].sort().join(',')})`
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'gt':
      return `${key}>${values[0] ?? ''}`
    case 'lt':
      return `${key}<${values[0] ?? ''}`
  }
}

/** A LabelSelector as Go prints it, which is part of messages and names of metrics. */
export function goSelectorText(selector: LabelSelectorShape | undefined): string {
  if (!selector) return 'nil'
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return (
    `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
  )
}

/** The text is not a valid selector. */
export class SelectorSyntaxError extends Error {}

/** Parses `a=b,c!=d,e in (f,g),h,!i,j>5`. @throws SelectorSyntaxError */
export function parseLabelSelector(text: string): LabelRequirement[] {
  const tokens = tokenize(text)
  const requirements: LabelRequirement[] = []
  let at = 0
  const next = (): string => tokens[at++] ?? ''
  while (at < tokens.length) {
    requirements.push(parseRequirement(next, () => tokens[at]))
    if (at >= tokens.length) break
    const separator = next()
    if (separator !== ',') throw new SelectorSyntaxError(`found '${separator}', expected: ',' or 'end of string'`)
    if (at >= tokens.length) throw new SelectorSyntaxError("found '', expected: identifier after ','")
  }
  return requirements
}

const tokenPattern = /\s*(==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+)/gy

function tokenize(text: string): string[] {
  const tokens: string[] = []
  const source = text.trimEnd()
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < source.length) {
    const match = tokenPattern.exec(source)
    if (!match) throw new SelectorSyntaxError(`couldn't parse the selector string "${text}"`)
    tokens.push(match[1] ?? '')
  }
  return tokens
}

function parseRequirement(next: () => string, peek: () => string | undefined): LabelRequirement {
  let key = next()
  if (key === '!') {
    key = checkKey(next())
    return { key, operator: '!', values: [] }
  }
  checkKey(key)
  const operator = peek()
  if (operator === undefined || operator === ',') return { key, operator: 'exists', values: [] }
  next()
  switch (operator) {
    case '=':
    case '==':
      return { key, operator: 'in', values: [checkValue(key, parseValue(next, peek))] }
    case '!=':
      return { key, operator: 'notin', values: [checkValue(key, parseValue(next, peek))] }
    case 'in':
    case 'notin':
      return { key, operator, values: parseValues(key, next, peek) }
    case '>':
    case '<':
      return { key, operator: operator === '>' ? 'gt' : 'lt', values: [parseInteger(next())] }
    default:
      throw new SelectorSyntaxError(
        `unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`,
      )
  }
}

function parseValue(next: () => string, peek: () => string | undefined): string {
  const token = peek()
  if (token === undefined || token === ',') return ''
  if (/^[=!<>()]/.test(token))
    throw new SelectorSyntaxError(`unable to parse requirement: found '${token.slice(0, 1)}', expected: identifier`)
  return next()
}

function parseValues(key: string, next: () => string, peek: () => string | undefined): string[] {
  if (next() !== '(') throw new SelectorSyntaxError("unable to parse requirement: expected: '('")
  const values: string[] = []
  for (;;) {
    const token = peek()
    if (token === undefined)
      throw new SelectorSyntaxError("unable to parse requirement: found '', expected: ',' or ')'")
    if (token === ')') {
      next()
      if (values.length === 0) values.push('')
      return values
    }
    if (token === ',') {
      next()
      if (peek() === ',' || peek() === ')') values.push('')
    } else values.push(checkValue(key, next(), values.length))
  }
}

function parseInteger(value: string): string {
  if (!isInteger(value))
    throw new SelectorSyntaxError(
      `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    )
  return value
}

function checkKey(key: string): string {
  const problems = qualifiedNameProblems(key)
  if (problems.length > 0)
    throw new SelectorSyntaxError(
      `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join('; ')}`,
    )
  return key
}

function checkValue(key: string, value: string, index = 0): string {
  const problems = labelValueProblems(value)
  if (problems.length > 0)
    throw new SelectorSyntaxError(
      `unable to parse requirement: values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problems.join('; ')}`,
    )
  return value
}

export interface FieldRequirement {
  field: string
  /** `!=` when true. */
  negated: boolean
  value: string
}

/** Parses `metadata.name=x,status.phase!=Running`; `\`, `,` and `=` in values are escaped by a backslash. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term.trim() !== '')
    .map((term) => {
      const match = /^\s*([^=!\\]+?)(!=|==|=)([^]*)$/.exec(term)
      if (!match) throw new SelectorSyntaxError(`invalid selector: '${text}'; can't understand '${term}'`)
      return { field: match[1] ?? '', negated: match[2] === '!=', value: unescapeValue(match[3] ?? '', text) }
    })
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === ',') {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

function unescapeValue(value: string, text: string): string {
  if (/[^\\]=|^=/.test(value)) throw new SelectorSyntaxError(`invalid field selector: '${text}'`)
  return value.replace(/\\([\\,=])/g, '$1')
}
