import { lookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isHostLocal, parseIp } from '#shared/kube/ip.ts'

/** How a host that a probe or hook names is dialled; `undefined` stands for the pod itself. */
export interface PodHost {
  /** From the pod's spec. */
  host: string | undefined
  podIp: string
  /** Whether the pod shares the worker's network, loopback included. */
  hostNetwork: boolean
}

/**
 * Where the agent connects for a probe or hook. A pod may name any host, as in Kubernetes (PodSecurity restricts that),
 * but the loopback and the links of the worker belong to the agent and the engine: only pods that share the worker's
 * network reach them. Names are checked as they are resolved, so that no second answer leads elsewhere.
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
