/** Observations in buckets, as plain numbers: an observation costs a short search and three additions. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  /** @param bounds upper bounds, ascending; +Inf is added. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at++
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += value
  }

  /** Adds the observations of another histogram with the same bounds. */
  add(other: Histogram): void {
    other.#counts.forEach((count, at) => (this.#counts[at] = (this.#counts[at] ?? 0) + count))
    this.#sum += other.#sum
  }

  get count(): number {
    return this.#counts.reduce((all, count) => all + count, 0)
  }

  /** The samples of the Prometheus text format. */
  text(name: string, labels: string): string {
    const more = labels === '' ? '' : `${labels},`
    let below = 0
    const lines = this.#counts.map((count, at) => {
      below += count
      return `${name}_bucket{${more}le="${this.#bounds[at] ?? '+Inf'}"} ${below}`
    })
    return `${lines.join('\n')}\n${name}_sum{${labels}} ${this.#sum}\n${name}_count{${labels}} ${below}\n`
  }
}

/** HELP, TYPE and samples of one metric, in the Prometheus text format. */
export function family(name: string, help: string, type: 'counter' | 'gauge' | 'histogram', samples: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples}`
}

/** `a="x",b="y"` with values escaped. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(
      ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
    )
    .join(',')
}

/** One sample per set of labels. */
export function samples(name: string, values: Iterable<readonly [labels: string, value: number]>): string {
  let text = ''
  for (const [labels, value] of values) text += `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`
  return text
}
