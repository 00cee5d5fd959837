/**
 * A range of addresses or ports to give away. As in Kubernetes the lower end is kept for those who ask for a certain
 * one, as long as there is anything free above.
 */
export interface Pool<T> {
  /** In words, for messages. */
  readonly range: string
  has(value: T): boolean
  /** @param random 0 to below 1 */
  free(random: () => number, isTaken: (value: T) => boolean): T | undefined
}

/** @param cidr of IPv4; its first and last address are not given away. */
export function addressPool(cidr: string): Pool<string> {
  const [base = '', bits = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  const first = toNumber(base)
  const low = Math.min(Math.max(16, size / 16), 256)
  return pool({
    range: cidr,
    first: first + 1,
    dynamic: first + low,
    last: first + size - 2,
    encode: toAddress,
    decode: toNumber,
  })
}

export function portPool({ first, last }: { first: number; last: number }): Pool<number> {
  const size = last - first + 1
  const low = Math.floor(Math.min(Math.max(16, size / 32), 128))
  const same = (port: number): number => port
  return pool({ range: `${first}-${last}`, first, dynamic: first + low, last, encode: same, decode: same })
}

interface Numbers<T> {
  range: string
  first: number
  /** Where the part begins that is given away first. */
  dynamic: number
  last: number
  encode: (value: number) => T
  decode: (value: T) => number
}

function pool<T>({ range, first, dynamic, last, encode, decode }: Numbers<T>): Pool<T> {
  /** From a random place once around. */
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
      (dynamic <= last ? find(dynamic, last, random, isTaken) : undefined) ??
      find(first, Math.min(dynamic - 1, last), random, isTaken),
  }
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const toAddress = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
