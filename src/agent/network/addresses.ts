import { mkdirSync, readFileSync, writeFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'

/** Addresses of a node's pods, out of its CIDR; who has which survives a restart of the agent. */
export interface Addresses {
  /** The pod's address, the same one each time. @throws Error when the range is used up */
  lease(podUid: string): string
  release(podUid: string): void
  of(podUid: string): string | undefined
}

/** @param cidr `10.244.1.0/24` @param file where the leases are kept */
export function createAddresses({ cidr, file }: { cidr: string; file: string }): Addresses {
  const [base = '', bits = '24'] = cidr.split('/')
  const first = toNumber(base)
  const size = 2 ** (32 - Number(bits))
  const leases = new Map(Object.entries(read(file)).filter(([, ip]) => inRange(ip)))
  const taken = new Set(leases.values())
  let next = 2

  function inRange(ip: string): boolean {
    const offset = toNumber(ip) - first
    return offset >= 0 && offset < size
  }
  const keep = (): void => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.tmp`, JSON.stringify(Object.fromEntries(leases)))
    renameSync(`${file}.tmp`, file)
  }
  return {
    lease(podUid) {
      const known = leases.get(podUid)
      if (known) return known
      // Round the range, so that an address is not given out again right after its pod has gone.
      for (let tries = 0; tries < size - 3; tries++) {
        const ip = toText(first + next)
        next = next + 1 >= size - 1 ? 2 : next + 1
        if (taken.has(ip)) continue
        leases.set(podUid, ip)
        taken.add(ip)
        keep()
        return ip
      }
      throw new Error(`no address is free in ${cidr}`)
    },
    release(podUid) {
      const ip = leases.get(podUid)
      if (ip === undefined) return
      leases.delete(podUid)
      taken.delete(ip)
      keep()
    },
    of: (podUid) => leases.get(podUid),
  }
}

const toNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const toText = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

function read(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}
