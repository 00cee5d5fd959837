import type { Taint, Toleration } from '#shared/kube/generated/types.ts'
import { tolerates, untolerated } from '#shared/kube/tolerations.ts'
import { scaleToMax, unresolvable, type Plugin, type Refusal } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'

const tainted = unresolvable('node(s) had untolerated taint(s)')
const repelling = ['NoSchedule', 'NoExecute']

/** Filters nodes with taints that the pod does not tolerate; prefers those with few untolerated soft taints. */
export const taintToleration = (): Plugin => ({
  name: 'TaintToleration',

  plan({ pod }, cluster) {
    const tolerations = pod.spec?.tolerations ?? []
    return {
      readsNodeOnly: true,
      filter: (node) => (node.taints.length === 0 ? undefined : refusal(node, tolerations)),
      score: cluster.hasSoftTaints
        ? {
            score: (node) => untoleratedSoft(node, tolerations),
            normalize: (scores, count) => scaleToMax(scores, count, { reverse: true }),
          }
        : undefined,
    }
  },

  interests: ['node-added', 'node-taints'],
  mayHelp: (change, { pod }) =>
    (change.type === 'node-added' || change.type === 'node-taints') &&
    untolerated(change.node.taints, pod.spec?.tolerations, repelling) === undefined,
})

const refusal = ({ taints }: NodeInfo, tolerations: readonly Toleration[]): Refusal | undefined =>
  untolerated(taints, tolerations, repelling) && tainted

const untoleratedSoft = ({ taints }: NodeInfo, tolerations: readonly Toleration[]): number =>
  taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length

const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  tolerations.some((toleration) => tolerates(toleration, taint))
