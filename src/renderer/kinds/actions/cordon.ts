import { Ban } from '@lucide/vue'
import type { Node } from '#shared/kube/generated/types.ts'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

export const cordon: Action<Node> = {
  id: 'cordon',
  label: 'Cordon',
  labelOf: ({ spec }) => t(spec?.unschedulable ? 'dialogs.cordon.uncordon' : 'dialogs.cordon.cordon'),
  icon: Ban,
  kubectl: ({ spec }) => ({ verb: spec?.unschedulable ? 'uncordon' : 'cordon' }),
  enabled: (node, access) => mayOr(access, 'patch', node),
  async run(node, { cluster, say }) {
    const unschedulable = !node.spec?.unschedulable
    await cluster.cordon(node, unschedulable)
    say(t(unschedulable ? 'dialogs.cordon.cordoned' : 'dialogs.cordon.uncordoned', { name: node.metadata.name }))
  },
}
