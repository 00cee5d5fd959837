import { isIPv6 } from 'node:net'
import type { Stop } from '#shared/base/disposable.ts'
import { clusterIpsOf } from '#shared/kube/cluster-ips.ts'
import { isAlreadyExists, isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { IPAddress, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { ipAddresses, services } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

const managedBy = 'ipaddress.kubernetes.io/managed-by'
const family = 'ipaddress.kubernetes.io/ip-family'
const allocator = 'ipallocator.k8s.io'

/**
 * Keeps one IPAddress for every allocated cluster IP. Kubernetes allocates through these objects; here the Services are
 * the record of what is allocated, and the IPAddresses follow them, as after Kubernetes' repair loop.
 */
export function startServiceAddresses(context: ControllerContext): Stop {
  const { client } = context
  const serviceInformer = context.informers.share(services)
  const addresses = context.informers.share(ipAddresses)
  serviceInformer.addIndex('cluster-ip', clusterIpsOf)

  async function reconcile(address: string): Promise<Outcome> {
    const [owner] = serviceInformer.byIndex('cluster-ip', address)
    const present = addresses.get(address)
    const wanted = owner && addressOf(address, owner)
    if (present && present.metadata.labels?.[managedBy] !== allocator) return undefined
    if (present && !jsonEqual(present.spec, wanted?.spec)) await remove(present)
    else if (wanted && !present) await create(wanted)
    return undefined
  }

  async function create(address: IPAddress): Promise<void> {
    try {
      await client.create(ipAddresses, address)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** The delete event queues the address again, in case it has a new owner. */
  async function remove({ metadata: { name, uid } }: Stored<IPAddress>): Promise<void> {
    try {
      await client.delete(ipAddresses, { name }, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  const controller = runController({
    ...context,
    name: 'service-addresses',
    reconcile,
    shares: [serviceInformer, addresses],
    watches: [
      watch(
        serviceInformer,
        clusterIpsOf,
        (previous, service) => !jsonEqual(clusterIpsOf(previous), clusterIpsOf(service)),
      ),
      watch(addresses, ({ metadata }) => metadata.name),
    ],
  })
  return () => controller.stop()
}

const addressOf = (address: string, { metadata: { namespace, name } }: Stored<Service>): IPAddress => ({
  metadata: {
    name: address,
    labels: { [family]: isIPv6(address) ? 'IPv6' : 'IPv4', [managedBy]: allocator },
  },
  // Without the empty group, as it is stored: an address that differs is made anew.
  spec: { parentRef: { resource: 'services', namespace, name } },
})
