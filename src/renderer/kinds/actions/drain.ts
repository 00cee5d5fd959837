import { LogOut } from '@lucide/vue'
import type { Node } from '#shared/kube/generated/types.ts'
import { mayOr, type Action } from './action.ts'

export const drain: Action<Node> = {
  id: 'drain',
  label: 'Drain',
  icon: LogOut,
  enabled: (node, access) => mayOr(access, 'patch', node),
  async run(node, { cluster, progress, say }) {
    await cluster.drain(node, (done, of) => progress(`${done} of ${of} evicted`))
    say(`${node.metadata.name} drained`)
  },
}
