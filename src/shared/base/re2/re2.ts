import { contains, isWordCharacter, type CharacterSet } from './characters.ts'
import { parsePattern, type Assertion, type Pattern } from './syntax.ts'

/**
 * Regular expressions with the syntax and the guarantee of Go's: the time to match grows with the text times the
 * pattern and never more, for all ways to match are followed side by side. JavaScript's own go back and try again, and
 * some patterns keep them busy for years.
 */
export interface Regex {
  test(text: string): boolean
  /** The leftmost match; undefined when there is none. */
  find(text: string): string | undefined
  /** Matches that do not overlap, `limit` at most. */
  findAll(text: string, limit?: number): string[]
}

/**
 * @param step told of each piece of work; may throw to end it
 * @throws Error in Go's words when it is none
 */
export function createRegex(pattern: string, step: Step = () => undefined): Regex {
  const program = programOf(pattern)
  return {
    test: (text) => run(program, Array.from(text, codePointOf), 0, step, true) !== undefined,
    find(text) {
      const characters = Array.from(text)
      const found = run(program, characters.map(codePointOf), 0, step)
      return found && characters.slice(...found).join('')
    },
    findAll: (text, limit = Infinity) => findAll(program, Array.from(text), limit, step),
  }
}

const codePointOf = (character: string): number => character.codePointAt(0) ?? 0

function findAll(program: Program, characters: string[], limit: number, step: Step): string[] {
  const codePoints = characters.map(codePointOf)
  const all: string[] = []
  let at = 0
  let end = -1
  while (at <= codePoints.length && all.length < limit) {
    const found = run(program, codePoints, at, step)
    if (!found) break
    const isEmpty = found[0] === found[1]
    // An empty match right after another one does not count.
    if (!isEmpty || found[0] !== end) all.push(characters.slice(...found).join(''))
    end = found[1]
    at = found[1] === at ? at + 1 : found[1]
  }
  return all
}

type Step = (count: number) => void

type Instruction =
  | { op: 'set'; set: CharacterSet }
  | { op: 'assert'; what: Assertion }
  /** Goes on at both, `first` is preferred. */
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'match' }

type Program = readonly Instruction[]

const programs = new Map<string, Program>()
const keepAtMost = 500
const largest = 10_000

function programOf(pattern: string): Program {
  let program = programs.get(pattern)
  if (!program) {
    if (programs.size >= keepAtMost) programs.clear()
    const instructions: Instruction[] = []
    emit(parsePattern(pattern), instructions, pattern)
    instructions.push({ op: 'match' })
    programs.set(pattern, (program = instructions))
  }
  return program
}

function emit(part: Pattern, out: Instruction[], pattern: string): void {
  if (out.length > largest) throw new Error(`error parsing regexp: expression too large: \`${pattern}\``)
  switch (part.kind) {
    case 'set':
      out.push({ op: 'set', set: part.set })
      return
    case 'assert':
      out.push({ op: 'assert', what: part.what })
      return
    case 'sequence':
      for (const one of part.parts) emit(one, out, pattern)
      return
    case 'choice':
      emitChoice(part.options, out, pattern)
      return
    case 'repeat':
      emitRepeat(part, out, pattern)
  }
}

function emitChoice(options: readonly Pattern[], out: Instruction[], pattern: string): void {
  const ends: { op: 'jump'; to: number }[] = []
  options.forEach((option, i) => {
    if (i === options.length - 1) {
      emit(option, out, pattern)
      return
    }
    const split = { op: 'split' as const, first: out.length + 1, second: 0 }
    out.push(split)
    emit(option, out, pattern)
    const end = { op: 'jump' as const, to: 0 }
    out.push(end)
    ends.push(end)
    split.second = out.length
  })
  for (const end of ends) end.to = out.length
}

function emitRepeat(
  { part, min, max, greedy }: Extract<Pattern, { kind: 'repeat' }>,
  out: Instruction[],
  pattern: string,
): void {
  for (let i = 0; i < min; i++) emit(part, out, pattern)
  const leave: ((to: number) => void)[] = []
  const fork = (): void => {
    const split = { op: 'split' as const, first: out.length + 1, second: out.length + 1 }
    out.push(split)
    leave.push((to) => {
      if (greedy) split.second = to
      else split.first = to
    })
  }
  if (max === Infinity) {
    const loop = out.length
    fork()
    emit(part, out, pattern)
    out.push({ op: 'jump', to: loop })
  } else
    for (let i = min; i < max; i++) {
      fork()
      emit(part, out, pattern)
    }
  for (const set of leave) set(out.length)
}

/** Places in the program that are reached, the preferred first, and where their matches began. */
class Threads {
  readonly at: number[] = []
  readonly began: number[] = []
  readonly #seen: Uint32Array
  #round = 1
  /** How many places were looked at. */
  visited = 1

  constructor(size: number) {
    this.#seen = new Uint32Array(size)
  }

  clear(): void {
    this.at.length = 0
    this.began.length = 0
    this.#round++
    this.visited = 1
  }

  /** @returns whether the place was not reached before */
  visit(place: number): boolean {
    this.visited++
    if (this.#seen[place] === this.#round) return false
    this.#seen[place] = this.#round
    return true
  }
}

/** @returns where the leftmost match begins and ends */
function run(
  program: Program,
  text: readonly number[],
  from: number,
  step: Step,
  anyMatch = false,
): [number, number] | undefined {
  let threads = new Threads(program.length)
  let next = new Threads(program.length)
  let found: [number, number] | undefined
  for (let i = from; i <= text.length; i++) {
    if (!found) follow(program, text, threads, 0, i, i)
    step(threads.visited)
    if (threads.at.length === 0) {
      if (found) break
      threads.clear()
      continue
    }
    const character = text[i]
    for (let t = 0; t < threads.at.length; t++) {
      const place = threads.at[t] ?? 0
      const began = threads.began[t] ?? 0
      const instruction = program[place]
      if (instruction?.op === 'match') {
        found = [began, i]
        if (anyMatch) return found
        // Those that come after are less preferred.
        break
      }
      if (instruction?.op === 'set' && character !== undefined && contains(instruction.set, character))
        follow(program, text, next, place + 1, began, i + 1)
    }
    ;[threads, next] = [next, threads]
    next.clear()
  }
  return found
}

/** Goes on from a place to all that can be reached without another character. */
function follow(
  program: Program,
  text: readonly number[],
  threads: Threads,
  start: number,
  began: number,
  at: number,
): void {
  const stack = [start]
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    if (!threads.visit(place)) continue
    const instruction = program[place]
    switch (instruction?.op) {
      case 'jump':
        stack.push(instruction.to)
        break
      case 'split':
        stack.push(instruction.second, instruction.first)
        break
      case 'assert':
        if (asserts(instruction.what, text, at)) stack.push(place + 1)
        break
      default:
        threads.at.push(place)
        threads.began.push(began)
    }
  }
}

function asserts(what: Assertion, text: readonly number[], at: number): boolean {
  const newline = 10
  switch (what) {
    case 'textStart':
      return at === 0
    case 'textEnd':
      return at === text.length
    case 'lineStart':
      return at === 0 || text[at - 1] === newline
    case 'lineEnd':
      return at === text.length || text[at] === newline
    default: {
      const boundary = isWordCharacter(text[at - 1]) !== isWordCharacter(text[at])
      return boundary === (what === 'wordBoundary')
    }
  }
}
