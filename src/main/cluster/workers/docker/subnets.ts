import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { cidrText, overlapsCidr, parseCidr, type Cidr } from '#shared/kube/ip.ts'

/** A range of addresses, and who has it: `network bridge`, `route of tun0`. */
export interface TakenRange {
  range: Cidr
  by: string
}

/** Ranges for a cluster's workers, where the engine's own choice collides: private ones (RFC 1918), in this order. */
const candidates = [
  ...Array.from({ length: 14 }, (_, i) => `172.${18 + i}.0.0/16`),
  ...Array.from({ length: 16 }, (_, i) => `192.168.${i * 16}.0/20`),
  ...Array.from({ length: 16 }, (_, i) => `10.${192 + i}.0.0/16`),
]

/** The first range with which nothing collides; undefined where all do. */
export const freeRange = (taken: readonly TakenRange[]): Cidr | undefined =>
  candidates.flatMap((text) => parseCidr(text) ?? []).find((range) => collisionsOf(range, taken).length === 0)

/** What a range collides with. */
export const collisionsOf = (range: Cidr, taken: readonly TakenRange[]): TakenRange[] =>
  taken.filter((one) => overlapsCidr(one.range, range))

/** Ranges to which this machine has routes, without the default one. */
export async function hostRanges(): Promise<TakenRange[]> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '')
  const ofInterfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ cidr, family, internal }) => {
      const range = family === 'IPv4' && !internal && cidr ? parseCidr(cidr) : undefined
      return range ? [{ range, by: `interface ${name}` }] : []
    }),
  )
  return [...routesIn(table), ...ofInterfaces]
}

/** The ranges in the text of `/proc/net/route`, whose numbers are hexadecimal with the bytes in reverse. */
export function routesIn(table: string): TakenRange[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name = '', destination = '', , , , , , mask = ''] = line.trim().split(/\s+/)
      const [base, bits] = [bytesOf(destination), bytesOf(mask)]
      if (!base || !bits) return []
      const length = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
      const range = parseCidr(`${base.join('.')}/${length}`)
      return range && length > 0 ? [{ range, by: `route of ${name}` }] : []
    })
}

function bytesOf(hex: string): number[] | undefined {
  if (!/^[0-9A-F]{8}$/i.test(hex)) return undefined
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
}

/** `172.18.0.0/16 (network bridge)` */
export const rangeText = ({ range, by }: TakenRange): string => `${cidrText(range)} (${by})`
