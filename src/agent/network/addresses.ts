import { mkdirSync, readFileSync, writeFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { addressInCidr, isInCidr, parseCidr, parseIp, sizeOfCidr, type Cidr } from '#shared/kube/ip.ts'

/** Assigns addresses of a node's pod CIDR; the leases survive a restart of the agent. */
export interface Addresses {
  /** The pod's address, the same one each time. @throws Error when the range is used up */
  lease(podUid: string): string
  /** The address of `from` is `to`'s from now on. */
  handOver(from: string, to: string): void
  release(podUid: string): void
  of(podUid: string): string | undefined
}

/** @param cidr `10.244.1.0/24` @param file where the leases are stored @throws Error when `cidr` is not a CIDR */
export function createAddresses({ cidr, file }: { cidr: string; file: string }): Addresses {
  const range = parseCidr(cidr)
  if (!range) throw new Error(`${cidr} is not a range of addresses`)
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
  }
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
