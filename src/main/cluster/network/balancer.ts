import type { Duplex } from 'node:stream'
import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { authorityOf, type Endpoint } from './endpoints.ts'

/**
 * Connects from a node's network to an address of a pod or of the node: by TCP when unset, by UDP with framed datagrams.
 * @throws Error when refused
 */
export type Dial = (node: string, authority: string, transport?: 'TCP' | 'UDP') => Promise<Duplex>

/** Most endpoints that one connection is tried on. */
const mostTries = 4
const mostClients = 4_096

/** Chooses an endpoint for each connection: at random, or the client's last one within its time. */
export interface Balancer {
  /**
   * @param affinityMs how long a client keeps its endpoint (`sessionAffinity: ClientIP`); not at all when unset
   * @throws Error with the last endpoint's refusal, or when there is no endpoint
   */
  connect(options: {
    endpoints: readonly Endpoint[]
    client: string
    affinityMs?: number | undefined
    transport?: 'TCP' | 'UDP'
  }): Promise<Duplex>
}

export function createBalancer({
  dial,
  clock,
  random = Math.random,
}: {
  dial: Dial
  clock: Clock
  random?: () => number
}): Balancer {
  const last = new Map<string, { authority: string; at: number }>()
  const preferred = (client: string, affinityMs: number | undefined): string | undefined => {
    const known = last.get(client)
    return known && affinityMs !== undefined && clock.now() - known.at < affinityMs ? known.authority : undefined
  }
  return {
    async connect({ endpoints, client, affinityMs, transport }) {
      const first = preferred(client, affinityMs)
      const order = shuffled(endpoints, random).sort(
        (a, b) => Number(authorityOf(b) === first) - Number(authorityOf(a) === first),
      )
      let refusal: unknown = new Error('no endpoints are ready')
      for (const endpoint of order.slice(0, mostTries)) {
        const authority = authorityOf(endpoint)
        try {
          const connection = await dial(endpoint.node, authority, transport)
          if (affinityMs !== undefined) {
            last.delete(client)
            last.set(client, { authority, at: clock.now() })
            if (last.size > mostClients) last.delete(last.keys().next().value ?? '')
          }
          return connection
        } catch (error) {
          refusal = error
        }
      }
      throw new Error(messageOf(refusal))
    },
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [copy[i], copy[j]]
    if (a === undefined || b === undefined) continue
    copy[i] = b
    copy[j] = a
  }
  return copy
}
