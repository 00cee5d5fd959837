import { addressInCidr, offsetInCidr, parseCidr, parseIp, sizeOfCidr } from '#shared/kube/ip.ts'

/**
 * A range of addresses or ports to allocate from. As in Kubernetes, dynamic allocation uses the upper part of the range
 * first, which leaves the lower part to requests for a specific value.
 */
export interface Pool<T> {
  /** The range as text, for messages. */
  readonly range: string
  has(value: T): boolean
  /** Returns a free value; undefined when all are taken. @param random 0 to below 1 */
  free(random: () => number, isTaken: (value: T) => boolean): T | undefined
}

/** Of a larger range of IPv6 the first addresses are given out: more are never needed, and offsets stay exact. */
const mostGiven = 2 ** 32

/**
 * @param cidr its network address is not allocated, nor the broadcast address of one of IPv4
 * @throws Error when it is not a CIDR
 */
export function addressPool(cidr: string): Pool<string> {
  const range = parseCidr(cidr)
  if (!range) throw new Error(`${cidr} is not a range of addresses`)
  const size = sizeOfCidr(range)
  const low = Math.min(Math.max(16, size / 16), 256)
  const last = range.base.kind() === 'ipv4' ? size - 2 : size - 1
  return pool({
    range: cidr,
    first: 1,
    dynamic: low,
    lastGiven: Math.min(last, mostGiven),
    last,
    encode: (offset) => addressInCidr(range, offset),
    decode(text) {
      const address = parseIp(text)
      return (address && offsetInCidr(range, address)) ?? NaN
    },
  })
}

export function portPool({ first, last }: { first: number; last: number }): Pool<number> {
  const size = last - first + 1
  const low = Math.floor(Math.min(Math.max(16, size / 32), 128))
  const same = (port: number): number => port
  return pool({
    range: `${first}-${last}`,
    first,
    dynamic: first + low,
    lastGiven: last,
    last,
    encode: same,
    decode: same,
  })
}

/** Several ranges as one: the first with a free value gives it. Messages name the first range. */
export function joinPools<T>(pools: readonly Pool<T>[]): Pool<T> {
  const [only] = pools
  if (only && pools.length === 1) return only
  return {
    range: only?.range ?? '',
    has: (value) => pools.some((pool) => pool.has(value)),
    free(random, isTaken) {
      for (const pool of pools) {
        const value = pool.free(random, isTaken)
        if (value !== undefined) return value
      }
      return undefined
    },
  }
}

interface Numbers<T> {
  range: string
  first: number
  /** First value of the part that is used for dynamic allocation. */
  dynamic: number
  /** Last value of that part. */
  lastGiven: number
  last: number
  encode: (value: number) => T
  decode: (value: T) => number
}

function pool<T>({ range, first, dynamic, lastGiven, last, encode, decode }: Numbers<T>): Pool<T> {
  /** Searches from a random position, wrapping around once. */
  const find = (from: number, to: number, random: () => number, isTaken: (value: T) => boolean): T | undefined => {
    const size = to - from + 1
    const start = Math.floor(random() * size)
    for (let i = 0; i < size; i++) {
      const value = encode(from + ((start + i) % size))
      if (!isTaken(value)) return value
    }
    return undefined
  }
  return {
    range,
    has(value) {
      const number = decode(value)
      return number >= first && number <= last
    },
    free: (random, isTaken) =>
      (dynamic <= lastGiven ? find(dynamic, lastGiven, random, isTaken) : undefined) ??
      find(first, Math.min(dynamic - 1, lastGiven), random, isTaken),
  }
}
