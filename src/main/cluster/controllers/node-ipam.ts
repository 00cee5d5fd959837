import type { Stop } from '#shared/base/disposable.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import { defaultPodCidr } from '#shared/kube/cluster-ranges.ts'
import type { Stored } from '#shared/kube/object.ts'
import { addressInCidr, parseCidr, sizeOfCidr } from '#shared/kube/ip.ts'
import { nodes } from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

export interface NodeIpamOptions {
  /** Ranges of all pod addresses, one of each family; `10.244.0.0/16` when unset. */
  podCIDRs?: readonly string[]
  /** Prefix length of a node's share of IPv4; 24 when unset. */
  nodeMask?: number
}

/** Assigns every node its own share of the pod addresses, for as long as the node exists. */
export function startNodeIpam(context: ControllerContext, options: NodeIpamOptions = {}): Stop {
  const { client } = context
  const recorder = recorderOf(context, 'node-ipam', 'cidrAllocator')
  const nodeInformer = context.informers.share(nodes)
  nodeInformer.addIndex('pod-cidr', ({ spec }) => spec?.podCIDRs ?? spec?.podCIDR)
  const masks = { ipv4: options.nodeMask ?? 24, ipv6: 64 }
  const families = (options.podCIDRs ?? [defaultPodCidr]).map((range) => createSubnets(range, masks))

  /** One reconcile at a time, which awaits its own writes: no two nodes get the same share. */
  async function reconcile(name: string): Promise<Outcome> {
    const node = nodeInformer.get(name)
    if (!node || node.spec?.podCIDR || node.metadata.deletionTimestamp) return undefined
    const shares = families.map((subnets) =>
      subnets.first((subnet) => nodeInformer.byIndex('pod-cidr', subnet).length === 0),
    )
    const podCIDRs = shares.filter((share) => share !== undefined)
    if (podCIDRs.length < shares.length) {
      say(node, `Node ${name} status is now: CIDRNotAvailable`)
      return undefined
    }
    await nodeInformer.caughtUp(
      await client.patch(nodes, { name }, { type: 'merge', body: { spec: { podCIDR: podCIDRs[0], podCIDRs } } }),
    )
    return undefined
  }

  function say(node: Stored<Node>, message: string): void {
    recorder.event({ ...node, apiVersion: 'v1', kind: 'Node' }, 'Normal', 'CIDRNotAvailable', message)
  }

  const controller = runController({
    ...context,
    name: 'node-ipam',
    reconcile,
    shares: [nodeInformer],
    watches: [
      watch(
        nodeInformer,
        ({ metadata }) => metadata.name,
        () => false,
      ),
    ],
  })
  // Another node may wait for the share that is free now.
  const freeing = nodeInformer.onChange({
    deleted: () => {
      for (const node of nodeInformer.list()) if (!node.spec?.podCIDR) controller.enqueue(node.metadata.name)
    },
  })

  return async () => {
    void freeing()
    await controller.stop()
  }
}

interface Subnets {
  /** The next free subnet after the last one assigned, so that shares are not reused soon. */
  first(isFree: (subnet: string) => boolean): string | undefined
}

/** @param masks prefix length of a share, by family @throws Error when `range` is none */
function createSubnets(range: string, masks: Record<'ipv4' | 'ipv6', number>): Subnets {
  const whole = parseCidr(range)
  if (!whole) throw new Error(`${range} is not a range of addresses`)
  const mask = masks[whole.base.kind()]
  const count = 2 ** Math.max(0, mask - whole.bits)
  const size = sizeOfCidr({ ...whole, bits: mask })
  const subnet = (index: number): string => `${addressInCidr(whole, index * size)}/${mask}`
  let next = 0
  return {
    first(isFree) {
      for (let tried = 0; tried < count; tried++) {
        const index = (next + tried) % count
        if (!isFree(subnet(index))) continue
        next = index + 1
        return subnet(index)
      }
      return undefined
    },
  }
}
