import { createHash } from 'node:crypto'

/**
 * The queues that a flow may use: `hand` different ones of `queues`, always the same for the same flow (shuffle sharding),
 * so that a flow that fills all of its queues shares few of them with any other.
 */
export function dealQueues(flow: string, queues: number, hand: number): number[] {
  let value = createHash('sha256').update(flow).digest().readBigUInt64LE()
  const dealt: number[] = []
  for (let i = 0; i < Math.min(hand, queues); i++) {
    const left = BigInt(queues - i)
    let card = Number(value % left)
    value /= left
    // The card counts the queues that are left: skips the ones already dealt, in their order.
    for (const taken of [...dealt].sort((a, b) => a - b)) if (card >= taken) card++
    dealt.push(card)
  }
  return dealt
}
