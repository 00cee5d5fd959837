import { EvaluationError, type Environment } from '@marcbachmann/cel-js'
import { CostBudget, metered, spendDeep } from './cost.ts'
import { checkIn } from './check.ts'
import { celEnvironment } from './environment.ts'
import { meter } from './meter.ts'
import { fromCel } from './values.ts'

/** A compiled expression. */
export interface Program {
  /** Its static type: `bool`, `string`, `dyn` … */
  readonly type: string
  /**
   * @param bindings CEL values, see `toCel`
   * @param budget cost limit shared with other evaluations
   * @throws Error with a message for users; CostLimitExceeded when the cost limit is exceeded
   */
  evaluate(bindings: Bindings, budget?: CostBudget): unknown
  /** The value as JSON. @throws as `evaluate` */
  evaluateJson(bindings: Bindings, budget?: CostBudget): unknown
}

/** Values of the variables, by name. */
export type Bindings = Readonly<Record<string, unknown>>

/** The expression is invalid or of the wrong type. */
export class CompilationError extends Error {}

/** Variables by name, with their CEL types. */
export type Variables = Readonly<Record<string, string>>

const environments = new Map<string, Environment>()
const programs = new Map<string, Program>()
const keepAtMost = 5_000

/**
 * Compiles an expression, cached by its set of variables.
 * @param result the required type; any when unset
 * @throws CompilationError
 */
export function compile(expression: string, variables: Variables, result?: 'bool' | 'string'): Program {
  const key = `${JSON.stringify(variables)}\n${result ?? ''}\n${expression}`
  let program = programs.get(key)
  if (!program) {
    if (programs.size >= keepAtMost) programs.clear()
    programs.set(key, (program = compileNew(expression, variables, result)))
  }
  return program
}

function compileNew(expression: string, variables: Variables, result: string | undefined): Program {
  if (expression.length > maxLength) throw new CompilationError(`expression is longer than ${maxLength} characters`)
  const { parsed, type, problem } = checkIn(environmentOf(variables), expression)
  if (!parsed) throw new CompilationError(`compilation failed: ${problem}`)
  if (result !== undefined && type !== result && type !== 'dyn')
    throw new CompilationError(`must evaluate to ${result} but got ${type}`)
  meter(parsed.ast)
  const run = (bindings: Bindings): unknown => {
    try {
      return settled(parsed(bindings), result)
    } catch (error) {
      throw error instanceof EvaluationError ? new Error(evaluationMessage(error.summary)) : error
    }
  }
  return {
    type,
    evaluate: (bindings, budget = new CostBudget()) => metered(budget, () => run(bindings)),
    evaluateJson: (bindings, budget = new CostBudget()) => metered(budget, () => asJson(run(bindings))),
  }
}

function asJson(value: unknown): unknown {
  spendDeep(value)
  return fromCel(value)
}

const maxLength = 20_000

function settled(value: unknown, result: string | undefined): unknown {
  if (result === 'bool' && typeof value !== 'boolean') throw new Error('the expression did not return a bool')
  if (result === 'string' && typeof value !== 'string') throw new Error('the expression did not return a string')
  return value
}

function environmentOf(variables: Variables): Environment {
  const key = JSON.stringify(variables)
  let environment = environments.get(key)
  if (!environment) {
    environment = celEnvironment()
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type)
    environments.set(key, environment)
  }
  return environment
}

/** Converts messages to the wording of CEL in Go, which tests and users look for. */
const evaluationMessage = (summary: string): string =>
  summary
    .replace(/^No such key: index out of bounds, index (\S+) .*$/, 'index out of bounds: $1')
    .replace(/^No such key:/, 'no such key:')
    .replace(/^found no matching overload for .*$/, 'no such overload')
    .replace(/^no such overload: .*$/, 'no such overload')
    .replace(/^integer overflow: .*$/, 'integer overflow')
    .replace(/^modulo by zero$/, 'modulus by zero')
    .replace(/^Optional value is not present$/, 'optional.none() dereference')
