import { BlockList, isIP } from 'node:net'
import type { Stop } from '#shared/base/disposable.ts'
import { setCondition, findCondition } from '#shared/kube/conditions.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Condition, ServiceCIDR } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { ipAddresses, serviceCidrs } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/** Keeps a ServiceCIDR under deletion while it has addresses that no other range contains, and reports readiness. */
export function startServiceCidrs(context: ControllerContext): Stop {
  const { client, clock } = context
  const ranges = context.informers.share(serviceCidrs)
  const addresses = context.informers.share(ipAddresses)

  async function reconcile(name: string): Promise<Outcome> {
    const range = ranges.get(name)
    if (!range) return undefined
    const { deletionTimestamp, finalizers = [] } = range.metadata
    const isHeld = finalizers.includes(finalizer)
    if (deletionTimestamp === undefined) {
      const held = isHeld ? range : await writeFinalizers(range, [...finalizers, finalizer])
      await writeReady(held, ready)
    } else if (isHeld && isNeeded(range)) await writeReady(range, terminating)
    else if (isHeld)
      await writeFinalizers(
        range,
        finalizers.filter((one) => one !== finalizer),
      )
    return undefined
  }

  /** Whether an assigned address is in `range` and in no range that stays. */
  function isNeeded(range: ServiceCIDR): boolean {
    const own = membersOf([range])
    const others = membersOf(ranges.list().filter(({ metadata }) => metadata.deletionTimestamp === undefined))
    return addresses.list().some(({ metadata: { name } }) => own(name) && !others(name))
  }

  /** Writes with the resourceVersion that was read: a concurrent change is a conflict, and retried. */
  async function writeFinalizers(range: Stored<ServiceCIDR>, finalizers: string[]): Promise<Stored<ServiceCIDR>> {
    const written = await client.update(serviceCidrs, { ...range, metadata: { ...range.metadata, finalizers } })
    // Without its last finalizer the object is gone: the informer will show no later version.
    if (finalizers.length > 0) await ranges.caughtUp(written)
    return written
  }

  async function writeReady(range: Stored<ServiceCIDR>, wanted: ReadyCondition): Promise<void> {
    const present = findCondition(range.status?.conditions, 'Ready')
    // The default range has a message of its own.
    if (present?.status === wanted.status && present.reason === wanted.reason) return
    const update = { type: 'Ready', ...wanted }
    const conditions = setCondition<Condition>(range.status?.conditions, update, timestamp(clock.now()))
    try {
      await ranges.caughtUp(await client.updateStatus(serviceCidrs, { ...range, status: { conditions } }))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const terminatingOnes = (): string[] =>
    ranges.list().flatMap(({ metadata }) => (metadata.deletionTimestamp && metadata.name) || [])

  const controller = runController({
    ...context,
    name: 'service-cidr',
    reconcile,
    shares: [ranges, addresses],
    watches: [
      // A new range may allow another one to be deleted.
      watch(ranges, ({ metadata: { name } }) => [name, ...terminatingOnes()]),
      watch(addresses, terminatingOnes),
    ],
  })

  return () => controller.stop()
}

const finalizer = 'networking.k8s.io/service-cidr-finalizer'

interface ReadyCondition {
  status: string
  reason: string
  message: string
}

const ready: ReadyCondition = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }

const terminating: ReadyCondition = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
}

/** A test for addresses in any of the ranges. */
function membersOf(ranges: readonly ServiceCIDR[]): (address: string) => boolean {
  const list = new BlockList()
  for (const cidr of ranges.flatMap(({ spec }) => spec?.cidrs ?? [])) {
    const [base = '', bits = ''] = cidr.split('/')
    if (isIP(base) !== 0) list.addSubnet(base, Number(bits), familyOf(base))
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
