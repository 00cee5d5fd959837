import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useDock } from '../stores/dock.ts'

/** What has to be known of a kind for its panels. */
interface Kind {
  resource: Resource
  logs?(object: KubeObject): { pod: string } | { selector: string } | undefined
  actions?: readonly string[]
}

/** Opens the dock's panels for an object: the same from its row, its drawer and its page. */
export function usePanels(context: () => string) {
  const dock = useDock()
  return {
    /** Nothing for kinds that have no logs. */
    logs(kind: Kind, object: KubeObject): void {
      const source = kind.logs?.(object)
      if (!source) return
      const title = object.metadata.name ?? ''
      const props = { context: context(), namespace: object.metadata.namespace, title, ...source }
      dock.show('logs', `Logs ${title}`, props)
    },
    /** Nothing for kinds that have no shell. */
    shell(kind: Kind, object: KubeObject): void {
      if (!kind.actions?.includes('shell')) return
      const pod = object.metadata.name ?? ''
      dock.show('terminal', `Shell ${pod}`, {
        context: context(),
        namespace: object.metadata.namespace,
        pod,
        containers: ((object as Pod).spec?.containers ?? []).map(({ name }) => name),
      })
    },
    edit(kind: Kind, object: KubeObject): void {
      const { namespace, name = '' } = object.metadata
      dock.show('edit', `Edit ${kind.resource.kind} ${name}`, {
        context: context(),
        resource: kind.resource,
        namespace,
        name,
      })
    },
  }
}
