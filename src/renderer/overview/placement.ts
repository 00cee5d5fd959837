import type { Verdict } from '#shared/contract/kube.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { selectsNode } from '#shared/kube/node-selection.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { untolerated } from '#shared/kube/tolerations.ts'
import { t } from '../texts/index.ts'
import { amountOf, resourcesOf, sumOf } from './pod-resources.ts'

/**
 * Which nodes could take a pod if it came anew, by what can be told from outside of the scheduler: cordons, taints, selectors and
 * required node affinity, room for its requests. Volumes, spreading and affinity among pods are not looked at.
 */
export function plainVerdicts(
  pod: Stored<Pod>,
  nodes: readonly Stored<Node>[],
  pods: readonly Stored<Pod>[],
): Verdict[] {
  const others = pods.filter((each) => each.metadata.uid !== pod.metadata.uid && !isPodTerminal(each))
  const byNode = Map.groupBy(others, ({ spec }) => spec?.nodeName ?? '')
  return nodes.map((node) => {
    const refusal = refusalOf(pod, node, byNode.get(node.metadata.name) ?? [])
    return { node: node.metadata.name, reasons: [], ...refusal }
  })
}

function refusalOf(
  pod: Stored<Pod>,
  node: Stored<Node>,
  there: readonly Stored<Pod>[],
): Pick<Verdict, 'plugin' | 'reasons'> | undefined {
  const { spec } = pod
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
  if (node.spec?.unschedulable && untolerated([cordon], spec?.tolerations, ['NoSchedule']))
    return { plugin: 'NodeUnschedulable', reasons: [t('overview.places.why.cordoned')] }
  const taint = untolerated(node.spec?.taints, spec?.tolerations, ['NoSchedule', 'NoExecute'])
  if (taint)
    return { plugin: 'TaintToleration', reasons: [t('overview.places.why.taint', { taint: taintText(taint) })] }
  if (!selectsNode(spec, node)) return { plugin: 'NodeAffinity', reasons: [t('overview.places.why.selector')] }
  const lacking = lackOf(pod, node, there)
  return lacking.length > 0 ? { plugin: 'NodeResourcesFit', reasons: lacking } : undefined
}

const taintText = ({ key, value, effect }: { key: string; value?: string; effect: string }): string =>
  `${key}${value ? `=${value}` : ''}:${effect}`

function lackOf(pod: Stored<Pod>, { status }: Stored<Node>, there: readonly Stored<Pod>[]): string[] {
  const { allocatable = {} } = status ?? {}
  const most = amountOf(allocatable['pods'])
  const lacking = (['cpu', 'memory'] as const).filter((resource) => {
    const wanted = resourcesOf(pod).requests[resource] ?? 0
    const taken = sumOf(there.map((each) => resourcesOf(each).requests[resource]))
    return wanted > 0 && wanted + taken > (amountOf(allocatable[resource]) ?? 0)
  })
  return [
    ...lacking.map((resource) => t('overview.places.why.lacks', { resource })),
    ...(most !== undefined && there.length >= most ? [t('overview.places.why.tooMany')] : []),
  ]
}
