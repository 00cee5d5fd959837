import { cidrText, isHostLocal, overlapsCidr, parseCidr, type Cidr } from './ip.ts'

export const defaultPodCidr = '10.244.0.0/16'
export const defaultServiceCidr = '10.96.0.0/16'

/** Of the second family of a dual-stack cluster: unique local addresses, which never leave the machine. */
const defaultRanges6 = { pods: 'fd00:10:244::/56', services: 'fd00:10:96::/112' } as const

/**
 * How large ranges may be, as lengths of their prefixes: each worker gets a /24 of the pods', of IPv6 a /64, and DNS the
 * tenth of the Services'. Those of IPv6 are as kube-controller-manager and kube-apiserver take them.
 */
const lengths = {
  ipv4: { pods: { least: 8, most: 24 }, services: { least: 12, most: 27 } },
  ipv6: { pods: { least: 48, most: 60 }, services: { least: 108, most: 120 } },
} as const

type Of = keyof (typeof lengths)['ipv4']

/** A range of IPv4, or two of a dual-stack cluster, separated by a comma, as kubeadm takes them. */
export const splitRanges = (text: string): string[] => text.split(',').map((range) => range.trim())

/** Whether ranges are of both families. */
export const isDualStack = (ranges: string | undefined): boolean => ranges !== undefined && ranges.includes(',')

/** Adds the default range of IPv6 where there is none yet. */
export const withIpv6 = (ranges: string, of: Of): string =>
  isDualStack(ranges) ? ranges : `${ranges},${defaultRanges6[of]}`

/** What is wrong with the range of pods or Services, or the pair; undefined for nothing. */
export function rangeProblem(text: string, of: Of): string | undefined {
  const [ipv4 = '', ipv6, ...more] = splitRanges(text)
  if (more.length > 0) return 'at most one range of IPv4 and one of IPv6'
  return problemOf(ipv4, 'ipv4', of) ?? (ipv6 === undefined ? undefined : problemOf(ipv6, 'ipv6', of))
}

const exampleOf = (kind: keyof typeof lengths, of: Of): string =>
  kind === 'ipv4' ? 'an IPv4 range such as 10.10.0.0/16' : `an IPv6 range such as ${defaultRanges6[of]} after the comma`

function problemOf(text: string, kind: keyof typeof lengths, of: Of): string | undefined {
  const range = parseCidr(text)
  if (range?.base.kind() !== kind || cidrText(range) !== text) return exampleOf(kind, of)
  const { least, most } = lengths[kind][of]
  if (range.bits < least || range.bits > most)
    return kind === 'ipv4' ? `between /${least} and /${most}` : `between /${least} and /${most} for IPv6`
  return isHostLocal(range.base) ? 'not a range of this machine itself' : undefined
}

/** Whether ranges of pods and Services overlap; ranges that are none do not. */
export function rangesOverlap(pods = defaultPodCidr, services = defaultServiceCidr): boolean {
  const rangesIn = (text: string): Cidr[] => splitRanges(text).flatMap((one) => parseCidr(one) ?? [])
  const ofServices = rangesIn(services)
  return rangesIn(pods).some((one) => ofServices.some((other) => overlapsCidr(one, other)))
}
