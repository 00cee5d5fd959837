import { tolerates } from '#shared/kube/tolerations.ts'
import { unresolvable, type Plugin } from '../framework.ts'

const cordoned = unresolvable('node(s) were unschedulable')
const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** Cordoned nodes take only pods that tolerate it, such as those of DaemonSets. */
export const nodeUnschedulable = (): Plugin => ({
  name: 'NodeUnschedulable',

  plan({ pod }) {
    if (pod.spec?.tolerations?.some((toleration) => tolerates(toleration, unschedulableTaint))) return undefined
    return { readsNodeOnly: true, filter: (node) => (node.unschedulable ? cordoned : undefined) }
  },

  interests: ['node-added', 'node-taints'],
  mayHelp: (change) => (change.type === 'node-added' || change.type === 'node-taints') && !change.node.unschedulable,
})
