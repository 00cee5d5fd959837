import {
  atMost,
  perPatternCharacter,
  plus,
  product,
  sum,
  times,
  traversing,
  unbounded,
  unknownSize,
  type Kind,
  type Size,
  type ValueType,
} from './sizes.ts'

/** What is known of an operand, see `Estimate`. */
export interface Operand {
  readonly type: ValueType
  readonly size?: Size | undefined
  /** Size of the items of a list that stands in a schema. */
  readonly itemSize?: Size | undefined
  /** The value of a literal. */
  readonly literal?: unknown
}

export interface Call {
  /** `name`, or with its namespace: `sets.contains`. */
  readonly name: string
  /** What a method is called on; undefined for functions. */
  readonly target?: Operand | undefined
  readonly args: readonly Operand[]
}

/** The cost of a call without that of its operands, and the size and type of its result where they are known. */
export interface CallCost {
  readonly cost: number
  readonly size?: Size | undefined
  readonly type?: ValueType | undefined
}

const sizeOf = (operand: Operand | undefined): Size => operand?.size ?? unknownSize
const largest = (operand: Operand | undefined): number => sizeOf(operand).max
const of = (kind: Kind): ValueType => ({ kind })

/** The worst-case cost of a call, as CEL's and Kubernetes' estimators count it. */
export function callCost(call: Call): CallCost {
  const cost = (call.target ? methods[call.name]?.(call.target, call.args) : functions[call.name]?.(call.args)) ?? {
    cost: 1,
  }
  const kind = cost.type ? undefined : resultKinds[call.name]
  return kind === undefined ? cost : { ...cost, type: of(kind) }
}

const traversed = (operand: Operand | undefined, factor?: number): number => traversing(largest(operand), factor)

const keepsSize = (target: Operand): CallCost => ({
  cost: traversed(target),
  size: sizeOf(target),
  type: of('string'),
})

/** Goes through a list once, and through the texts in it; or through a text. */
function goesOver(target: Operand): CallCost {
  const item = target.type.of
  if (!item) return { cost: traversed(target) }
  const perItem = isText(item) ? plus(1, traversing((target.itemSize ?? unknownSize).max)) : 1
  return { cost: times(largest(target), perItem), type: item }
}

const isText = ({ kind }: ValueType): boolean => kind === 'string' || kind === 'bytes'

const position = (target: Operand): CallCost => ({ cost: goesOver(target).cost, type: of('int') })

function replaces(target: Operand, [from, to]: readonly Operand[]): CallCost {
  const [text, replaced, by] = [sizeOf(target), sizeOf(from), sizeOf(to)]
  const count = { min: 0, max: 0 }
  const kept = { min: 0, max: 0 }
  // An empty text is found around every character.
  if (replaced.min === 0) count.max = plus(text.max, 1)
  else if (by.max > replaced.min) count.max = Math.ceil(text.max / replaced.min)
  if (replaced.min === 0 || by.max <= replaced.min) kept.max = text.max
  if (replaced.max === 0) count.min = plus(text.min, 1)
  else if (replaced.max > by.min) count.min = Math.ceil(text.min / replaced.max)
  if (replaced.max === 0 || replaced.max <= by.min) kept.min = text.min
  return { cost: traversed(target, twice), size: sum(product(count, by), kept), type: of('string') }
}

/** Going through a text and writing the result. */
const twice = 0.2

function splits(target: Operand, [, limit]: readonly Operand[]): CallCost {
  const most = typeof limit?.literal === 'bigint' ? Number(BigInt.asUintN(64, limit.literal)) : largest(target)
  return { cost: traversed(target, twice), size: atMost(most), type: { kind: 'list', of: of('string') } }
}

function joins(target: Operand, [separator]: readonly Operand[]): CallCost {
  const list = sizeOf(target)
  let size: Size = target.type.of ? product(list, target.itemSize ?? unknownSize) : { min: 0, max: 0 }
  if (separator)
    size = sum(size, product(sizeOf(separator), { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) }))
  return { cost: traversing(size.max), size, type: of('string') }
}

/** An empty text still costs what the expression does. */
function matchesCost(target: Operand, pattern: Operand | undefined): number {
  return times(traversing(plus(largest(target), 1)), traversed(pattern, perPatternCharacter))
}

const finds = (target: Operand, [pattern]: readonly Operand[]): CallCost => ({
  cost: matchesCost(target, pattern),
  size: atMost(largest(target)),
})

/** Compares the bytes of two addresses; a text is parsed first. */
const containsAddress =
  (base: number) =>
  (_: Operand, [other]: readonly Operand[]): CallCost => ({
    cost: plus(base, other?.type.kind === 'string' ? traversed(other) : 0),
    type: of('bool'),
  })

/** The call and its new list, besides what is done for each item. */
const newList = 11

const listOf = (target: Operand, factor: number, size: Size): CallCost => ({
  cost: plus(Math.min(Math.ceil(size.max * factor), unbounded), newList),
  size,
  type: target.type,
})

const compared = (target: Operand, factor: number): CallCost =>
  listOf(target, factor, product(sizeOf(target), sizeOf(target)))

const literalInt = (operand: Operand | undefined, otherwise: number): number =>
  typeof operand?.literal === 'bigint' ? Math.max(0, Number(operand.literal)) : otherwise

const sameType = (cost: number) => (target: Operand) => ({ cost, type: target.type })
const yielding = (kind: Kind) => (): CallCost => ({ cost: 1, type: of(kind) })
const optionalOf = (type: ValueType | undefined): CallCost => ({
  cost: 1,
  type: { kind: 'optional', ...(type ? { of: type } : {}) },
})
const held = (target: Operand): CallCost => ({ cost: 1, type: target.type.of })

const methods: Readonly<Record<string, (target: Operand, args: readonly Operand[]) => CallCost | undefined>> = {
  isSorted: (target) => ({ cost: goesOver(target).cost, type: of('bool') }),
  sum: goesOver,
  max: goesOver,
  min: goesOver,
  indexOf: position,
  lastIndexOf: position,
  lowerAscii: keepsSize,
  upperAscii: keepsSize,
  substring: keepsSize,
  trim: keepsSize,
  replace: replaces,
  split: splits,
  join: joins,
  find: (target, args) => ({ ...finds(target, args), type: of('string') }),
  findAll: (target, args) => ({ ...finds(target, args), type: { kind: 'list', of: of('string') } }),
  matches: (target, [pattern]) => ({ cost: matchesCost(target, pattern), type: of('bool') }),
  contains: (target, [part]) => ({ cost: times(traversed(target), traversed(part)), type: of('bool') }),
  startsWith: (_, [part]) => ({ cost: traversed(part), type: of('bool') }),
  endsWith: (_, [part]) => ({ cost: traversed(part), type: of('bool') }),
  format: (target) => ({ cost: traversed(target), type: of('string') }),
  validate: (_, [text]) => ({ cost: times(traversed(text), longestFormat * perPatternCharacter) }),
  containsIP: containsAddress(4),
  containsCIDR: containsAddress(7),
  masked: sameType(1),
  ip: yielding('ip'),
  add: sameType(1),
  sub: sameType(1),
  slice: (target, [from, to]) => {
    const size = Math.max(0, literalInt(to, largest(target)) - literalInt(from, 0))
    return listOf(target, 1, { min: size, max: size })
  },
  reverse: (target) => (target.type.kind === 'string' ? undefined : listOf(target, 1, sizeOf(target))),
  flatten: (target, [depth]) => listOf(target, depth ? literalInt(depth, unbounded) : 1, sizeOf(target)),
  distinct: (target) => compared(target, 2),
  sort: (target) => compared(target, target.type.of && isText(target.type.of) ? 2.1 : 2),
  value: held,
  orValue: held,
  or: sameType(1),
  first: (target) => optionalOf(target.type.of),
  last: (target) => optionalOf(target.type.of),
}

/** Characters of the longest regular expression of a named format. */
const longestFormat = 128

const setsCost =
  (factor: number) =>
  ([a, b]: readonly Operand[]): CallCost => ({
    cost: plus(times(times(largest(a), largest(b)), factor), 1),
    type: of('bool'),
  })

/** Goes through a text to make a value of it. */
const parses =
  (kind: Kind, factor?: number) =>
  ([text]: readonly Operand[]): CallCost => ({ cost: traversed(text, factor), type: of(kind) })

const functions: Readonly<Record<string, (args: readonly Operand[]) => CallCost | undefined>> = {
  quantity: parses('quantity'),
  isQuantity: parses('bool'),
  semver: parses('semver'),
  isSemver: parses('bool'),
  ip: parses('ip'),
  isIP: parses('bool'),
  'ip.isCanonical': parses('bool', twice),
  cidr: parses('cidr'),
  isCIDR: parses('bool'),
  url: ([text]) => ({ cost: traversed(text), size: sizeOf(text), type: of('url') }),
  'jsonpatch.escapeKey': ([text]) => ({ cost: traversed(text), size: sizeOf(text), type: of('string') }),
  'strings.quote': ([text]) => {
    const { min, max } = sizeOf(text)
    // Every character may be escaped.
    return { cost: traversed(text), size: { min: min + 2, max: plus(times(max, 2), 2) }, type: of('string') }
  },
  bytes: ([text]) => {
    if (text?.type.kind === 'bytes') return { cost: 1, type: of('bytes') }
    const { min, max } = sizeOf(text)
    return { cost: traversed(text), size: { min, max: times(max, 4) }, type: of('bytes') }
  },
  string: ([value]) => {
    if (value && value.type.kind !== 'bytes' && value.type.kind !== 'dyn') return { cost: 1, type: of('string') }
    const { min, max } = sizeOf(value)
    return { cost: Math.max(1, traversed(value)), size: { min: Math.floor(min / 4), max }, type: of('string') }
  },
  'sets.contains': setsCost(1),
  'sets.intersects': setsCost(1),
  'sets.equivalent': setsCost(2),
  'lists.range': ([count]) =>
    listOf({ type: { kind: 'list', of: of('int') } }, 1, { min: 0, max: literalInt(count, unbounded) }),
  'optional.of': ([value]) => optionalOf(value?.type),
  'optional.ofNonZeroValue': ([value]) => optionalOf(value?.type),
  'optional.none': () => optionalOf(undefined),
}

/** Kinds of results that do not depend on the operands. */
const resultKinds: Readonly<Record<string, Kind>> = {
  ...kinds(
    'int',
    'size int getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds',
  ),
  ...kinds('int', 'compareTo sign asInteger major minor patch prefixLength family'),
  ...kinds('uint', 'uint'),
  ...kinds('double', 'double asApproximateFloat'),
  ...kinds('bool', 'bool matches isURL isInteger isGreaterThan isLessThan hasValue'),
  ...kinds('bool', 'isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast'),
  ...kinds('string', 'charAt reverse getScheme getHostname getHost getPort getEscapedPath'),
  ...kinds('timestamp', 'timestamp'),
  ...kinds('duration', 'duration'),
  ...kinds('type', 'type'),
}

function kinds(kind: Kind, names: string): Record<string, Kind> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]))
}

/** Kinds that Kubernetes compares in one step. */
const comparedAtOnce = new Set<Kind>(['ip', 'cidr', 'quantity', 'semver'])

/** The cost of a comparison, which ends with the shorter operand. */
export function comparisonCost(operator: string, left: Operand, right: Operand): number {
  const kind = left.type.kind
  if (operator === '==' && kind === right.type.kind) {
    if (comparedAtOnce.has(kind)) return 1
    if (kind === 'url') return traversing(right.size?.max ?? 1)
  }
  const shorter = traversing(Math.min(largest(left), largest(right)))
  if (operator === '==' || operator === '!=') return shorter
  const [{ type: a }, { type: b }] = [left, right]
  if (isText(a) || isText(b)) return shorter
  return a.kind === 'dyn' && b.kind === 'dyn' ? Math.max(1, shorter) : 1
}

/** The cost of a sum, which is that of writing it for texts. */
export function additionCost(left: Operand, right: Operand): CallCost {
  const type = left.type.kind === 'dyn' ? right.type : left.type
  const size = sum(sizeOf(left), sizeOf(right))
  if (type.kind === 'list') return { cost: 1, size, type }
  if (isText(type)) return { cost: traversing(size.max), size, type }
  if (type.kind === 'dyn') return { cost: Math.max(1, traversing(size.max)), size, type }
  return { cost: 1, type }
}

/** Lists are searched; maps are not. */
export function membershipCost(collection: Operand): number {
  const { kind } = collection.type
  if (kind === 'list') return largest(collection)
  return kind === 'dyn' ? Math.max(1, largest(collection)) : 1
}
