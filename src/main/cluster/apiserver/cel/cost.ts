/**
 * What expressions may cost. Like Kubernetes, work is counted in steps and sizes and never in time, so that the same
 * expression on the same object is always let through or always stopped.
 */

/** One expression, evaluated once. */
export const perCallLimit = 1_000_000
/** All rules of one object, or of one policy. */
export const objectLimit = 10_000_000
/** All match conditions of one webhook or policy. */
export const conditionsLimit = 2_500_000

/** An evaluation went on for too long. */
export class CostLimitExceeded extends Error {
  constructor(message = 'operation cancelled: actual cost limit exceeded') {
    super(message)
  }
}

/** What several expressions may cost together. */
export class CostBudget {
  #left: number
  constructor(limit = objectLimit) {
    this.#left = limit
  }

  take(cost: number): void {
    this.#left -= cost
  }

  /** Whether nothing may be evaluated any more. */
  get isSpent(): boolean {
    return this.#left < 0
  }
}

/** Counts what one evaluation costs. */
class Meter {
  readonly #limit: number
  #spent = 0
  #stopped: CostLimitExceeded | undefined
  constructor(limit: number) {
    this.#limit = limit
  }

  get spent(): number {
    return this.#spent
  }

  /** @throws CostLimitExceeded now and whenever it is asked again: what catches errors cannot go on either. */
  spend(cost: number): void {
    this.#spent += cost
    if (this.#spent > this.#limit) throw (this.#stopped ??= new CostLimitExceeded())
  }

  /** @throws CostLimitExceeded when the limit was passed at any time */
  check(): void {
    if (this.#stopped) throw this.#stopped
  }
}

// Expressions are evaluated without waiting, one inside the other at most: variables of policies.
let current: Meter | undefined

/**
 * Evaluates with a limit.
 * @throws CostLimitExceeded when it is passed, by itself or of the budget
 */
export function metered<T>(budget: CostBudget, evaluate: () => T): T {
  if (budget.isSpent) throw budgetSpent()
  const outer = current
  const meter = new Meter(perCallLimit)
  current = meter
  let value: T
  try {
    value = evaluate()
  } catch (error) {
    meter.check()
    throw error
  } finally {
    current = outer
    budget.take(meter.spent)
  }
  meter.check()
  if (budget.isSpent) throw budgetSpent()
  return value
}

const budgetSpent = (): CostLimitExceeded =>
  new CostLimitExceeded('validation failed due to running out of cost budget, no further validation rules will be run')

/** Work of the expression that is being evaluated. @throws CostLimitExceeded */
export function spend(cost: number): void {
  current?.spend(cost)
}

/** To look at every part of a value once. It is counted while it is walked: parts may be shared a thousandfold. */
export function spendDeep(value: unknown, times = 1): void {
  spend(sizeCost(value) * times)
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value) || value instanceof Set) for (const item of value) spendDeep(item, times)
  else if (value instanceof Map)
    for (const [key, item] of value) {
      spendDeep(key, times)
      spendDeep(item, times)
    }
  else if (isPlain(value)) for (const item of Object.values(value)) spendDeep(item, times)
}

/** To run over a value: a tenth of a step for each character or item of it. */
export function sizeCost(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array)
    return Math.ceil(value.length * perCharacter)
  return 1
}

export const perCharacter = 0.1

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
