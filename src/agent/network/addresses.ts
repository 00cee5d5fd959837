import { mkdirSync, readFileSync, writeFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { addressInCidr, isInCidr, offsetInCidr, parseCidr, parseIp, sizeOfCidr, type Cidr } from '#shared/kube/ip.ts'

/** Assigns addresses of a node's pod CIDR; the leases survive a restart of the agent. */
export interface Addresses {
  /** The pod's address, the same one each time. @throws Error when the range is used up */
  lease(podUid: string): string
  /** The address of `from` is `to`'s from now on. */
  handOver(from: string, to: string): void
  release(podUid: string): void
  of(podUid: string): string | undefined
  /** The address of IPv6 that goes with one of IPv4; undefined in a cluster of one family. */
  secondOf(ip: string): string | undefined
}

/**
 * @param cidr `10.244.1.0/24`
 * @param cidr6 the node's range of IPv6: a pod has the same number in both, so that one lease tells both addresses
 * @param file where the leases are stored
 * @throws Error when one of them is not a CIDR
 */
export function createAddresses({
  cidr,
  cidr6,
  file,
}: {
  cidr: string
  cidr6?: string | undefined
  file: string
}): Addresses {
  const range = rangeFrom(cidr)
  const range6 = cidr6 === undefined ? undefined : rangeFrom(cidr6)
  const size = sizeOfCidr(range)
  const leases = new Map(Object.entries(read(file)).filter(([, ip]) => isIn(range, ip)))
  const taken = new Set(leases.values())
  let next = 2

  const keep = (): void => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.tmp`, JSON.stringify(Object.fromEntries(leases)))
    renameSync(`${file}.tmp`, file)
  }
  return {
    lease(podUid) {
      const known = leases.get(podUid)
      if (known) return known
      // Round robin, so that an address is not reused right after its pod is removed.
      for (let tries = 0; tries < size - 3; tries++) {
        const ip = addressInCidr(range, next)
        next = next + 1 >= size - 1 ? 2 : next + 1
        if (taken.has(ip)) continue
        leases.set(podUid, ip)
        taken.add(ip)
        keep()
        return ip
      }
      throw new Error(`no address is free in ${cidr}`)
    },
    handOver(from, to) {
      const ip = leases.get(from)
      if (ip === undefined || leases.has(to)) return
      leases.delete(from)
      leases.set(to, ip)
      keep()
    },
    release(podUid) {
      const ip = leases.get(podUid)
      if (ip === undefined) return
      leases.delete(podUid)
      taken.delete(ip)
      keep()
    },
    of: (podUid) => leases.get(podUid),
    secondOf(ip) {
      const address = parseIp(ip)
      const number = address && offsetInCidr(range, address)
      return range6 && number !== undefined ? addressInCidr(range6, number) : undefined
    },
  }
}

function rangeFrom(text: string): Cidr {
  const range = parseCidr(text)
  if (!range) throw new Error(`${text} is not a range of addresses`)
  return range
}

function isIn(range: Cidr, ip: string): boolean {
  const address = parseIp(ip)
  return address !== undefined && isInCidr(range, address)
}

function read(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}
