import { computed, type ComputedRef } from 'vue'
import type { Namespace } from '#shared/kube/generated/types.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { useLiveObjects, type LiveObjects } from './useLiveObjects.ts'

/**
 * The names of a cluster's namespaces to choose from, sorted.
 * @param known names that are there for who may not list namespaces, such as the one in the address
 */
export function useNamespaceNames(
  context: () => string,
  known: () => readonly string[],
): { names: ComputedRef<string[]>; state: LiveObjects<Namespace>['state'] } {
  const { objects, state } = useLiveObjects<Namespace>(context, () => namespaces)
  const names = computed(() => [...new Set([...objects.value.map(({ metadata }) => metadata.name), ...known()])].sort())
  return { names, state }
}
