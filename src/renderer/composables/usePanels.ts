import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useDock, type LogSource } from '../stores/dock.ts'
import { targetOf } from './target.ts'

/** What panels need to know of a kind. */
interface Kind {
  resource: Resource
  logs?(object: KubeObject): LogSource | undefined
  actions?: readonly string[]
}

/** Opens the dock's panels on an object: the same from its row, its drawer and its page. */
export function usePanels(context: () => string) {
  const dock = useDock()
  return {
    /** Does nothing for kinds without logs. */
    logs(kind: Kind, object: KubeObject): void {
      const source = kind.logs?.(object)
      if (source) dock.show({ panel: 'logs', target: targetOf(context(), kind.resource, object), source })
    },
    /** Does nothing for kinds without a shell. */
    shell(kind: Kind, object: KubeObject): void {
      if (!kind.actions?.includes('shell')) return
      const containers = ((object as Pod).spec?.containers ?? []).map(({ name }) => name)
      dock.show({ panel: 'terminal', target: targetOf(context(), kind.resource, object), containers })
    },
    edit(kind: Kind, object: KubeObject): void {
      const { resource } = kind
      dock.show({ panel: 'edit', target: targetOf(context(), resource, object), resource })
    },
  }
}
