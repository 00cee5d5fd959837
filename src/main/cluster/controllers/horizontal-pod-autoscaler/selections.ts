import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { matchesLabels, type LabelRequirement } from '#shared/kube/selectors.ts'

/** The selectors of the autoscalers' targets, as their scales last showed them. */
export class Selections {
  readonly #byNamespace = new Map<string, Map<string, readonly LabelRequirement[]>>()

  /** @param key `namespace/name` of the autoscaler */
  set(key: string, requirements: readonly LabelRequirement[]): void {
    const namespace = namespaceOf(key)
    const selectors = this.#byNamespace.get(namespace) ?? new Map<string, readonly LabelRequirement[]>()
    this.#byNamespace.set(namespace, selectors.set(key, requirements))
  }

  delete(key: string): void {
    const selectors = this.#byNamespace.get(namespaceOf(key))
    selectors?.delete(key)
    if (selectors?.size === 0) this.#byNamespace.delete(namespaceOf(key))
  }

  /** Keys of the autoscalers of `namespace` that select any of `pods`, in order. */
  of(namespace: string, pods: readonly Stored<Pod>[]): string[] {
    const selectors = [...(this.#byNamespace.get(namespace) ?? [])]
    return selectors
      .filter(([, requirements]) => pods.some(({ metadata }) => matchesLabels(requirements, metadata.labels)))
      .map(([key]) => key)
      .sort()
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))
