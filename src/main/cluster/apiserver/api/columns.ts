import { ageOf } from '#shared/kube/human-duration.ts'
import type { Container } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { formatLabelSelector, labelRequirements, type LabelSelectorShape } from '#shared/kube/selectors.ts'
import type { Column } from './kind.ts'

/** AGE, as kubectl prints it. */
export const age: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  description: 'How long ago the object was created.',
  value: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
}

/** «Created At», which Kubernetes shows instead of the age of kinds that it declares no columns for. */
export const createdAt: Column<KubeObject> = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  value: ({ metadata }) => metadata.creationTimestamp ?? '',
}

export const text = <T>(name: string, description: string, value: (object: T, now: number) => string): Column<T> => ({
  name,
  type: 'string',
  description,
  value,
})

export const count = <T>(name: string, description: string, value: (object: T) => number | undefined): Column<T> => ({
  name,
  type: 'integer',
  description,
  value: (object) => value(object) ?? 0,
})

/** A number in a column that Kubernetes declares as text; `none` stands where there is none. */
export const figure = <T>(
  name: string,
  description: string,
  value: (object: T) => number | undefined,
  none: number | string = 0,
): Column<T> => ({ name, type: 'string', description, value: (object) => value(object) ?? none })

export const yesNo = <T>(name: string, description: string, value: (object: T) => boolean | undefined): Column<T> => ({
  name,
  type: 'boolean',
  description,
  value: (object) => value(object) ?? false,
})

/** Shown by `-o wide` only. */
export const wide = <T>(column: Column<T>): Column<T> => ({ ...column, priority: 1 })

/** CONTAINERS, IMAGES and SELECTOR of a workload, for `-o wide`. */
export function workloadColumns<T extends KubeObject>(
  containersOf: (object: T) => readonly Container[],
  selectorOf: (object: T) => LabelSelectorShape | undefined,
): Column<T>[] {
  const join = (field: 'name' | 'image') => (object: T) =>
    containersOf(object)
      .map((container) => container[field] ?? '')
      .join(',')
  return [
    wide(text('Containers', 'Names of the containers in the template.', join('name'))),
    wide(text('Images', 'Images of the containers in the template.', join('image'))),
    wide(text('Selector', 'Which pods belong to the object.', (object) => selectorText(selectorOf(object)))),
  ]
}

/** Formats a label selector; `<none>` when it selects everything. */
export function selectorText(selector: LabelSelectorShape | undefined): string {
  if (!selector) return '<none>'
  const requirements = labelRequirements(selector) ?? []
  const sorted = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return formatLabelSelector(sorted) || '<none>'
}

/** Formats labels as `a=1,b=2`, or `<none>`. */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || '<none>'
