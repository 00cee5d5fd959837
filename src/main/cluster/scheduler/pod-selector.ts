import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  formatLabelSelector,
  labelRequirements,
  matchesLabels,
  type LabelRequirement,
  type LabelSelectorShape,
  type Labels,
} from '#shared/kube/selectors.ts'

/** A label with its value. */
export interface LabelPair {
  key: string
  value: string
}

/** A selector of pods and namespaces; two with the same id select the same pods. */
export interface PodSelector {
  readonly id: string
  /** Namespaces by name, in addition to those that `namespaceLabels` selects. */
  readonly namespaces: readonly string[]
  readonly namespaceLabels: readonly LabelRequirement[] | undefined
  /** Labels of the pods; undefined selects none. */
  readonly requirements: readonly LabelRequirement[] | undefined
  /** A label that every selected pod has; undefined where the requirements name none. */
  readonly anchor: LabelPair | undefined
}

interface SelectorShape {
  labelSelector?: LabelSelectorShape | undefined
  namespaces?: readonly string[]
  namespaceSelector?: LabelSelectorShape
  matchLabelKeys?: readonly string[] | undefined
  mismatchLabelKeys?: readonly string[]
}

/** The selector of an affinity term or a spread constraint as `pod` means it. */
export function podSelector(shape: SelectorShape, pod: Stored<Pod>): PodSelector {
  const namespaceLabels = labelRequirements(shape.namespaceSelector)
  const own = shape.namespaces?.length || namespaceLabels ? [] : [pod.metadata.namespace]
  const requirements = labelRequirements(shape.labelSelector)
  return selectorOf({
    namespaces: shape.namespaces?.length ? shape.namespaces : own,
    namespaceLabels,
    requirements: requirements && [...requirements, ...sameAsPod(shape, pod.metadata.labels)],
  })
}

export function selectorOf({
  namespaces,
  namespaceLabels,
  requirements,
}: Omit<PodSelector, 'id' | 'anchor'>): PodSelector {
  const text = (some: readonly LabelRequirement[] | undefined): string => (some ? formatLabelSelector(some) : '-')
  const id = `${[...namespaces].sort().join(',')}|${text(namespaceLabels)}|${text(requirements)}`
  return { id, namespaces, namespaceLabels, requirements, anchor: anchorAmong(requirements) }
}

function anchorAmong(requirements: readonly LabelRequirement[] = []): LabelPair | undefined {
  for (const { key, operator, values = [] } of requirements) {
    const [value] = values
    if (operator === 'in' && values.length === 1 && value !== undefined) return { key, value }
  }
  return undefined
}

/** `matchLabelKeys`: pods with (or without) the pod's own values of these labels. */
function* sameAsPod(
  { matchLabelKeys = [], mismatchLabelKeys = [] }: SelectorShape,
  labels: Labels = {},
): Iterable<LabelRequirement> {
  for (const key of matchLabelKeys) {
    const value = labels[key]
    if (value !== undefined) yield { key, operator: 'in', values: [value] }
  }
  for (const key of mismatchLabelKeys) {
    const value = labels[key]
    if (value !== undefined) yield { key, operator: 'notin', values: [value] }
  }
}

/** Labels of a namespace. */
export type NamespaceLabels = (namespace: string) => Labels | undefined

export const selectsPod = (
  { namespaces, namespaceLabels, requirements }: PodSelector,
  pod: { namespace: string; labels: Labels },
  labelsOf: NamespaceLabels,
): boolean =>
  requirements !== undefined &&
  (namespaces.includes(pod.namespace) ||
    (namespaceLabels !== undefined && matchesLabels(namespaceLabels, labelsOf(pod.namespace)))) &&
  matchesLabels(requirements, pod.labels)
