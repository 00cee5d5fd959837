import { lookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isHostLocal, parseIp } from '#shared/kube/ip.ts'

/** How to dial the host of a probe or hook; `undefined` means the pod itself. */
export interface PodHost {
  /** From the pod's spec. */
  host: string | undefined
  podIp: string
  /** Whether the pod shares the worker's network, loopback included. */
  hostNetwork: boolean
}

/**
 * The address to connect to for a probe or hook. As in Kubernetes a pod may name any host (PodSecurity restricts it),
 * but the worker's loopback and link-local addresses belong to the agent and the engine: only pods in the host network
 * reach them. Names are checked as they are resolved, so that a second DNS answer cannot lead elsewhere.
 * @throws Error when the host is an address that the pod may not reach
 */
export function dialTarget({ host, podIp, hostNetwork }: PodHost): { host: string; lookup?: LookupFunction } {
  if (host === undefined || host === '') return { host: podIp }
  if (hostNetwork) return { host }
  if (isIP(host) !== 0) checkAddress(host)
  return { host, lookup: checkedLookup }
}

const checkedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error: Error | null, addresses: LookupAddress[] | undefined) => {
    const first = addresses?.[0]
    if (error || !addresses || !first) {
      callback(error ?? new Error(`no address of ${hostname}`), '')
      return
    }
    try {
      for (const { address } of addresses) checkAddress(address)
    } catch (refusal) {
      callback(refusal as Error, '')
      return
    }
    if (options.all) callback(null, addresses)
    else callback(null, first.address, first.family)
  })
}

function checkAddress(text: string): void {
  const address = parseIp(text)
  if (!address || isHostLocal(address)) throw new Error(`the pod may not reach ${text}: it is the worker's own`)
}
