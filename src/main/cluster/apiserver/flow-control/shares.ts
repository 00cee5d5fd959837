import type { PriorityLevelConfiguration } from '#shared/kube/generated/types.ts'

/** How many seats a limited priority level has of the server's. */
export interface Seats {
  /** What it has when every level is busy. */
  nominal: number
  /** What it keeps when others borrow. */
  lower: number
  /** What it has at most when others lend. */
  upper: number
}

/** Requests at a time: `--max-requests-inflight` and `--max-mutating-requests-inflight` of Kubernetes together. */
export const serverSeats = 600

type Spec = NonNullable<PriorityLevelConfiguration['spec']>

const sharesOf = ({ type, limited, exempt }: Spec): number =>
  type === 'Exempt' ? (exempt?.nominalConcurrencyShares ?? 0) : (limited?.nominalConcurrencyShares ?? 30)

/** Divides the seats of the server among the priority levels by their shares, rounding up as Kubernetes does. */
export function divideSeats(specs: ReadonlyMap<string, Spec>, total = serverSeats): Map<string, Seats> {
  let all = 0
  for (const spec of specs.values()) all += sharesOf(spec)
  const seats = new Map<string, Seats>()
  for (const [name, spec] of specs) {
    const nominal = Math.ceil((total * sharesOf(spec)) / Math.max(1, all))
    const lent = Math.round((nominal * ((spec.limited ?? spec.exempt)?.lendablePercent ?? 0)) / 100)
    const borrowed = spec.limited?.borrowingLimitPercent
    const upper = borrowed === undefined ? total : nominal + Math.round((nominal * borrowed) / 100)
    seats.set(name, { nominal, lower: nominal - lent, upper })
  }
  return seats
}
