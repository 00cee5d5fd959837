import { addTo, nanoOf, type Amounts } from './amounts.ts'
import type { Allocated } from './ledger.ts'
import type { Candidate, Pool } from './pools.ts'

/** The shared counters of pools: what devices that are parts of one another have left. */
export class Counters {
  readonly #allocated: Allocated
  readonly #left = new Map<Pool, Amounts>()

  constructor(allocated: Allocated) {
    this.#allocated = allocated
  }

  /** Takes what the device consumes. @returns whether there was enough; otherwise nothing is taken */
  take({ device, pool }: Candidate): boolean {
    const left = this.#leftOf(pool)
    const wanted = consumed(device.consumesCounters)
    for (const [name, amount] of wanted) if ((left.get(name) ?? 0n) < amount) return false
    for (const [name, amount] of wanted) addTo(left, name, -amount)
    return true
  }

  giveBack({ device, pool }: Candidate): void {
    for (const [name, amount] of consumed(device.consumesCounters)) addTo(this.#leftOf(pool), name, amount)
  }

  /** Computed once per attempt: what is allocated does not change meanwhile. */
  #leftOf(pool: Pool): Amounts {
    const known = this.#left.get(pool)
    if (known) return known
    const left: Amounts = new Map()
    for (const { name: set, counters } of pool.counterSets)
      for (const [name, { value }] of Object.entries(counters)) addTo(left, `${set}/${name}`, nanoOf(value))
    for (const { spec } of pool.slices)
      for (const { name, consumesCounters } of spec.devices ?? [])
        if (consumesCounters && this.#allocated.isInUse(`${pool.id}/${name}`))
          for (const [counter, amount] of consumed(consumesCounters)) addTo(left, counter, -amount)
    this.#left.set(pool, left)
    return left
  }
}

function consumed(
  consumptions: readonly { counterSet: string; counters: Readonly<Record<string, { value: string }>> }[] = [],
): Amounts {
  const amounts: Amounts = new Map()
  for (const { counterSet, counters } of consumptions)
    for (const [name, { value }] of Object.entries(counters)) addTo(amounts, `${counterSet}/${name}`, nanoOf(value))
  return amounts
}
