import { SquareTerminal } from '@lucide/vue'
import type { Node } from '#shared/kube/generated/types.ts'
import { targetOf } from '../../composables/target.ts'
import { nodeShellContainer } from '../../panels/terminal/node-shell.ts'
import { t } from '../../texts/index.ts'
import type { Action } from './action.ts'

/** A shell as root on a node, in a privileged pod that is removed when its tab is closed. */
export const nodeShell: Action<Node> = {
  id: 'node-shell',
  get label() {
    return t('dock.action.nodeShell')
  },
  icon: SquareTerminal,
  key: 's',
  run(node, { context, kind, dock }) {
    const target = targetOf(context, kind.resource, node)
    dock.show({ panel: 'terminal', target, containers: [nodeShellContainer], mode: 'node' })
  },
}
