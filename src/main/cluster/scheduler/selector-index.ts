import type { Labels } from '#shared/kube/selectors.ts'
import type { LabelPair, PodSelector } from './pod-selector.ts'

/** Things by a label: those of one label are found without a look at the others. */
export class LabelIndex<T> {
  readonly #byKey = new Map<string, Map<string, Set<T>>>()

  add({ key, value }: LabelPair, item: T): void {
    const byValue = this.#byKey.get(key) ?? new Map<string, Set<T>>()
    this.#byKey.set(key, byValue)
    const items = byValue.get(value)
    if (items) items.add(item)
    else byValue.set(value, new Set([item]))
  }

  delete({ key, value }: LabelPair, item: T): void {
    const byValue = this.#byKey.get(key)
    const items = byValue?.get(value)
    if (!byValue || !items?.delete(item) || items.size > 0) return
    byValue.delete(value)
    if (byValue.size === 0) this.#byKey.delete(key)
  }

  get(key: string, value: string): ReadonlySet<T> | undefined {
    return this.#byKey.get(key)?.get(value)
  }
}

/** Things with selectors of pods: those that may select a pod are found without asking all of them. */
export class SelectorIndex<T> {
  readonly #anchored = new LabelIndex<T>()
  readonly #others = new Set<T>()

  /** @param selectors a pod must match all of them */
  add(selectors: readonly PodSelector[], item: T): void {
    const anchor = anchorOf(selectors)
    if (anchor) this.#anchored.add(anchor, item)
    else this.#others.add(item)
  }

  delete(selectors: readonly PodSelector[], item: T): void {
    const anchor = anchorOf(selectors)
    if (anchor) this.#anchored.delete(anchor, item)
    else this.#others.delete(item)
  }

  /** Calls `found` for every thing that may select a pod with these labels. */
  eachFor(labels: Labels, found: (item: T) => void): void {
    for (const item of this.#others) found(item)
    for (const key in labels) this.#anchored.get(key, labels[key] ?? '')?.forEach(found)
  }
}

/** A label that all pods of the selectors have; undefined where there is none. */
export function anchorOf(selectors: readonly PodSelector[]): LabelPair | undefined {
  for (const { anchor } of selectors) if (anchor) return anchor
  return undefined
}
