/** Reasons of nodes, counted and worded as in Kubernetes' FitError. */
export class ReasonCounts {
  readonly #counts = new Map<string, number>()

  add(reasons: readonly string[], times = 1): void {
    if (times > 0) for (const reason of reasons) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + times)
  }

  /** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
  message(total: number): string {
    // As in Kubernetes, sorted as text: 10 comes before 2.
    return noNodes(
      total,
      [...this.#counts]
        .map(([reason, count]) => `${count} ${reason}`)
        .sort()
        .join(', '),
    )
  }
}

export const noNodes = (total: number, why: string): string => `0/${total} nodes are available: ${why}.`
