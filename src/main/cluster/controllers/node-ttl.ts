import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import { nodes } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

const ttlAnnotation = 'node.alpha.kubernetes.io/ttl'

/**
 * For how long kubelets may keep Secrets and ConfigMaps, s, by the number of nodes. The ranges overlap, so that a
 * cluster on a boundary does not change all its nodes over and over. As Kubernetes' TTL controller has them.
 */
const steps = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1_000, seconds: 30 },
  { least: 900, most: 2_000, seconds: 60 },
  { least: 1_800, most: 10_000, seconds: 300 },
  { least: 9_000, most: Infinity, seconds: 600 },
]

/** Writes the time for which a node's kubelet may keep objects into the node's annotation. */
export function startNodeTtl(context: ControllerContext): Stop {
  const { client } = context
  const informer = context.informers.share(nodes)
  let step = 0
  let count = 0
  informer.onChange({ added: () => void count++, deleted: () => void count-- })

  async function reconcile(key: string): Promise<Outcome> {
    const node = informer.get(key)
    if (!node) return undefined
    step = stepFor(count, step)
    const value = String(steps[step]?.seconds ?? 0)
    if (ttlOf(node) === value) return undefined
    await informer.caughtUp(
      await client.patch(nodes, refOf(node), {
        type: 'strategic',
        body: { metadata: { annotations: { [ttlAnnotation]: value } } },
      }),
    )
    return undefined
  }

  const controller = runController({
    ...context,
    name: 'node-ttl',
    reconcile,
    shares: [informer],
    watches: [watch(informer, keyOf, (previous, node) => ttlOf(previous) !== ttlOf(node))],
  })
  return () => controller.stop()
}

const ttlOf = ({ metadata }: Node): string | undefined => metadata.annotations?.[ttlAnnotation]

/** The step for a number of nodes: the present one, as long as its range holds. */
export function stepFor(count: number, present: number): number {
  let step = present
  while ((steps[step]?.most ?? Infinity) < count) step++
  while ((steps[step]?.least ?? 0) > count) step--
  return step
}
