/**
 * Cost limits of expressions. As in Kubernetes, cost counts steps and sizes and never time, so that the same expression
 * on the same object always succeeds or always fails.
 */

/** Limit of one evaluation. */
export const perCallLimit = 1_000_000
/** Limit of all rules for one object, or of one policy. */
export const objectLimit = 10_000_000
/** Limit of all match conditions of one webhook or policy. */
export const conditionsLimit = 2_500_000

/** The evaluation exceeded its cost limit. */
export class CostLimitExceeded extends Error {
  constructor(message = 'operation cancelled: actual cost limit exceeded') {
    super(message)
  }
}

/** A cost limit shared by several evaluations. */
export class CostBudget {
  #left: number
  constructor(limit = objectLimit) {
    this.#left = limit
  }

  take(cost: number): void {
    this.#left -= cost
  }

  /** Whether the budget is used up. */
  get isSpent(): boolean {
    return this.#left < 0
  }
}

/** Counts the cost of one evaluation. */
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

  /** @throws CostLimitExceeded now and on every later call, so that code that catches errors cannot continue either. */
  spend(cost: number): void {
    this.#spent += cost
    if (this.#spent > this.#limit) throw (this.#stopped ??= new CostLimitExceeded())
  }

  /** @throws CostLimitExceeded when the limit has been exceeded at any time */
  check(): void {
    if (this.#stopped) throw this.#stopped
  }
}

// Evaluation is synchronous; it nests only for variables of policies.
let current: Meter | undefined

/**
 * Evaluates with a cost limit.
 * @throws CostLimitExceeded when the evaluation exceeds its own limit or the budget
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

/** Adds to the cost of the current evaluation. @throws CostLimitExceeded */
export function spend(cost: number): void {
  current?.spend(cost)
}

/** Charges one visit to every part of a value. Charged during the walk: shared parts may multiply a thousandfold. */
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

/** Charges a traversal of a value: a tenth of a step for each character or item. */
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
