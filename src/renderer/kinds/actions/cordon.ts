import { Ban } from '@lucide/vue'
import type { Node } from '#shared/kube/generated/types.ts'
import { mayOr, type Action } from './action.ts'

export const cordon: Action<Node> = {
  id: 'cordon',
  label: 'Cordon',
  labelOf: ({ spec }) => (spec?.unschedulable ? 'Uncordon' : 'Cordon'),
  icon: Ban,
  enabled: (node, access) => mayOr(access, 'patch', node),
  async run(node, { cluster, say }) {
    const unschedulable = !node.spec?.unschedulable
    await cluster.cordon(node, unschedulable)
    say(`${node.metadata.name} ${unschedulable ? 'takes no more pods' : 'takes pods again'}`)
  },
}
