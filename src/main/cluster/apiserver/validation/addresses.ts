import { BlockList, isIP } from 'node:net'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { ipProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from './fields.ts'

/** Validation of IP addresses and host names in objects: consumers receive only text that parses. */

interface SpecialRange {
  /** The message of Kubernetes (ValidateNonSpecialIP). */
  problem: (ip: string) => string
  ranges: BlockList
}

const special: readonly SpecialRange[] = [
  { problem: (ip) => `may not be unspecified (${ip})`, ranges: rangesOf(['0.0.0.0', 32], ['::', 128]) },
  {
    problem: () => 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ranges: rangesOf(['127.0.0.0', 8], ['::1', 128]),
  },
  {
    problem: () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ranges: rangesOf(['169.254.0.0', 16], ['fe80::', 10]),
  },
  {
    problem: () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
    ranges: rangesOf(['224.0.0.0', 24], ['ff02::', 10]),
  },
]

function rangesOf(...ranges: [address: string, prefix: number][]): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return list
}

/**
 * Validates the address of an endpoint: not a special address, in either family. IPv4-mapped IPv6 addresses count as
 * IPv4.
 */
export function checkEndpointAddress(ip: string, field: string, errors: FieldError[]): void {
  const problems = ipProblems(ip)
  addInvalid(problems, ip, field, errors)
  if (problems.length > 0) return
  const found = special.find(({ ranges }) => ranges.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4'))
  if (found) errors.push(fieldInvalid(field, ip, found.problem(ip)))
}

/** Validates a host name, which must not be an IP address. */
export function checkHostname(hostname: string, field: string, errors: FieldError[]): void {
  addInvalid(subdomainProblems(hostname), hostname, field, errors)
  if (isIP(hostname) !== 0) errors.push(fieldInvalid(field, hostname, 'must be a DNS name, not an IP address'))
}

export function checkAddress(ip: string | undefined, field: string, errors: FieldError[]): void {
  if (ip === undefined || ip === '') errors.push(fieldRequired(field))
  else addInvalid(ipProblems(ip), ip, field, errors)
}

const rangeProblem = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** Whether a text is an address and the length of a prefix: `10.0.0.0/8`. */
export function isRange(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/')
  const family = isIP(address)
  const longest = family === 4 ? 32 : 128
  return (
    family !== 0 && more.length === 0 && /^\d{1,3}$/.test(length) && !/^0\d/.test(length) && Number(length) <= longest
  )
}

/** Validates a CIDR range in canonical form. */
export function checkRange(range: string, field: string, errors: FieldError[]): void {
  if (!isRange(range)) errors.push(fieldInvalid(field, range, rangeProblem))
}
