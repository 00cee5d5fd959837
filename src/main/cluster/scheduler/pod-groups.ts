import { NodeCounts } from './node-counts.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo, Term } from './pod-info.ts'
import { selectsPod, type LabelPair, type NamespaceLabels, type PodSelector } from './pod-selector.ts'
import { anchorOf, SelectorIndex } from './selector-index.ts'

export interface GroupOptions {
  /** A pod belongs to the group when all of them select it. */
  selectors: readonly PodSelector[]
  /** Whether terminating pods count: they do for affinity, not for spreading. */
  terminating: boolean
}

interface Group extends GroupOptions {
  counts: NodeCounts
}

/** Placed pods, all or those with a label. */
export type PlacedPods = (label: LabelPair | undefined) => Iterable<{ node: NodeInfo; pod: PodInfo }>

/** Most groups that are kept: the least recently used are dropped. */
const rememberedGroups = 2048

/**
 * How many pods of a selector run on each node. A group is counted once, when first used, and then updated with every
 * change, so that the next pod of the same Deployment costs no count.
 */
export class PodGroups {
  readonly #groups = new Map<string, Group>()
  readonly #index = new SelectorIndex<Group>()
  readonly #placed: PlacedPods
  readonly #namespaceLabels: NamespaceLabels

  constructor(placed: PlacedPods, namespaceLabels: NamespaceLabels) {
    this.#placed = placed
    this.#namespaceLabels = namespaceLabels
  }

  counts(options: GroupOptions): NodeCounts {
    const id = `${options.terminating}|${options.selectors.map((selector) => selector.id).join('&')}`
    const known = this.#groups.get(id)
    const group = known ?? this.#count(options)
    if (!known) this.#index.add(group.selectors, group)
    // Maps iterate in insertion order: reinserting marks the group as recently used.
    this.#groups.delete(id)
    this.#groups.set(id, group)
    if (this.#groups.size > rememberedGroups) this.#dropOldest()
    return group.counts
  }

  change(node: NodeInfo, pod: PodInfo, amount: 1 | -1): void {
    this.#index.eachFor(pod.labels, (group) => {
      if (this.#holds(group, pod)) group.counts.add(node, amount)
    })
  }

  forgetDomains(): void {
    for (const { counts } of this.#groups.values()) counts.forgetDomains()
  }

  /** Labels of namespaces have changed: every group is counted anew when used. */
  forget(): void {
    for (const group of this.#groups.values()) this.#index.delete(group.selectors, group)
    this.#groups.clear()
  }

  #count(options: GroupOptions): Group {
    const group: Group = { ...options, counts: new NodeCounts() }
    for (const { node, pod } of this.#placed(anchorOf(group.selectors)))
      if (this.#holds(group, pod)) group.counts.add(node, 1)
    return group
  }

  #holds({ selectors, terminating }: Group, pod: PodInfo): boolean {
    if (pod.terminating && !terminating) return false
    for (const selector of selectors) if (!selectsPod(selector, pod, this.#namespaceLabels)) return false
    return true
  }

  #dropOldest(): void {
    const oldest = this.#groups.entries().next()
    if (oldest.done) return
    const [id, group] = oldest.value
    this.#groups.delete(id)
    this.#index.delete(group.selectors, group)
  }
}

/** What the affinity terms of placed pods mean for an incoming pod. */
export type TermKind = 'requiredAnti' | 'required' | 'preferred' | 'preferredAnti'

export interface PlacedTerm extends Term {
  /** Weights (1 of a required term) of the pods that have it, by their nodes. */
  counts: NodeCounts
}

/** Terms of placed pods without duplicates: an incoming pod is matched against each term, not against each pod. */
export class PlacedTerms {
  readonly #terms: Record<TermKind, Map<string, PlacedTerm>> = {
    requiredAnti: new Map(),
    required: new Map(),
    preferred: new Map(),
    preferredAnti: new Map(),
  }
  readonly #index: Record<TermKind, SelectorIndex<PlacedTerm>> = {
    requiredAnti: new SelectorIndex(),
    required: new SelectorIndex(),
    preferred: new SelectorIndex(),
    preferredAnti: new SelectorIndex(),
  }

  /** The terms of a kind that select the pod. */
  selecting(kind: TermKind, pod: PodInfo, namespaceLabels: NamespaceLabels): PlacedTerm[] {
    if (this.#terms[kind].size === 0) return []
    const found: PlacedTerm[] = []
    this.#index[kind].eachFor(pod.labels, (term) => {
      if (selectsPod(term.selector, pod, namespaceLabels)) found.push(term)
    })
    return found
  }

  change(node: NodeInfo, { affinity }: PodInfo, amount: 1 | -1): void {
    for (const term of affinity.requiredAnti) this.#add('requiredAnti', node, term, amount)
    for (const term of affinity.required) this.#add('required', node, term, amount)
    for (const term of affinity.preferred) this.#add('preferred', node, term, amount * term.weight)
    for (const term of affinity.preferredAnti) this.#add('preferredAnti', node, term, amount * term.weight)
  }

  forgetDomains(): void {
    for (const terms of Object.values(this.#terms)) for (const { counts } of terms.values()) counts.forgetDomains()
  }

  #add(kind: TermKind, node: NodeInfo, { selector, topologyKey }: Term, amount: number): void {
    const terms = this.#terms[kind]
    const id = `${topologyKey}|${selector.id}`
    let placed = terms.get(id)
    if (!placed) {
      terms.set(id, (placed = { selector, topologyKey, counts: new NodeCounts() }))
      this.#index[kind].add([selector], placed)
    }
    placed.counts.add(node, amount)
    if (!placed.counts.isEmpty) return
    terms.delete(id)
    this.#index[kind].delete([placed.selector], placed)
  }
}
