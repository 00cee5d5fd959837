import { isDeepStrictEqual } from 'node:util'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  canonicalOf,
  cidrText,
  coversCidr,
  familyOf,
  overlapsCidr,
  parseCidr,
  type Cidr,
  type IpFamily,
} from '#shared/kube/ip.ts'
import type { Command } from './command.ts'

export interface RoutesInput {
  nodeName: string
  /** Range of all pods of the cluster, of one family: no route leads outside it. */
  podCidr: string
}

/**
 * Routes to the pods of every other node: range -> address of its node. A node gets only its own range inside the
 * cluster's. When two claim the same addresses, this node wins, then the older node.
 * @returns also the refused ranges, one line each
 */
export function routesOf(nodes: readonly Stored<Node>[], { nodeName, podCidr }: RoutesInput): Routes {
  const whole = parseCidr(podCidr)
  const family = whole ? familyOf(whole.base) : 'IPv4'
  const taken: Cidr[] = []
  const routes = new Map<string, string>()
  const refused: string[] = []
  const others = nodes.filter(({ metadata }) => metadata.name !== nodeName).sort(byAge)
  for (const node of [...nodes.filter(({ metadata }) => metadata.name === nodeName), ...others]) {
    const name = node.metadata.name
    const text = shareOf(node, family)
    if (text === undefined || isSimulated(node)) continue
    const range = parseCidr(text)
    if (!range || !whole || !coversCidr(whole, range) || taken.some((other) => overlapsCidr(other, range))) {
      refused.push(`node ${name}: podCIDR ${JSON.stringify(text).slice(0, 100)}`)
      continue
    }
    taken.push(range)
    const addresses = node.status?.addresses?.filter(({ type }) => type === 'InternalIP') ?? []
    const { address } = addresses.find((one) => canonicalOf(family, one.address)) ?? addresses[0] ?? {}
    if (name === nodeName || address === undefined) continue
    const via = canonicalOf(family, address)
    if (via) routes.set(cidrText(range), via)
    else refused.push(`node ${name}: address ${JSON.stringify(address).slice(0, 100)}`)
  }
  return { routes, refused }
}

/** A node's share of the pods' addresses of a family; of IPv4 whatever stands there, so that it is refused where it is none. */
export function shareOf({ spec }: Node, family: IpFamily): string | undefined {
  if (family === 'IPv4') return spec?.podCIDR
  return spec?.podCIDRs?.find((range) => parseCidr(range)?.base.kind() === 'ipv6')
}

export interface Routes {
  routes: Map<string, string>
  refused: string[]
}

const byAge = (a: Stored<Node>, b: Stored<Node>): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  a.metadata.name.localeCompare(b.metadata.name)

const isSimulated = ({ metadata }: Node): boolean => metadata.labels?.['slipway.dev/simulated'] === 'true'

/** Keeps the kernel's routes in sync with the nodes; a failed command is retried with the next change. */
export function followRoutes({
  nodes,
  run,
  log,
  ...input
}: RoutesInput & { nodes: Informer<Node>; run: Command; log: Log }): Stop {
  /** As set in the kernel. */
  const current = new Map<string, string>()
  let refused: string[] = []
  let running: Promise<void> | undefined
  let isWanted = false

  const apply = async (): Promise<void> => {
    const wanted = routesOf(nodes.list(), input)
    if (!isDeepStrictEqual(wanted.refused, refused))
      for (const line of wanted.refused) log.warn('route refused', { field: line })
    refused = wanted.refused
    for (const cidr of [...current.keys()]) {
      if (wanted.routes.has(cidr)) continue
      await run('ip', ['route', 'delete', cidr]).catch((error: unknown) => failed(error))
      current.delete(cidr)
    }
    for (const [cidr, via] of wanted.routes) {
      if (current.get(cidr) === via) continue
      await run('ip', ['route', 'replace', cidr, 'via', via]).then(
        () => current.set(cidr, via),
        (error: unknown) => failed(error),
      )
    }
  }
  const failed = (error: unknown): void => log.warn('route not set', { error: messageOf(error) })
  const follow = (): void => {
    isWanted = true
    running ??= (async () => {
      while (isWanted) {
        isWanted = false
        await apply()
      }
    })().finally(() => (running = undefined))
  }
  return nodes.onChange({ added: follow, updated: follow, deleted: follow })
}
