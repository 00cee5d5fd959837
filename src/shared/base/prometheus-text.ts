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

export interface Sample {
  labels?: Readonly<Record<string, string>>
  value: number
  /** When it was measured, ms since the epoch; unset: when it is read. */
  at?: number
}

/** Families of samples in the Prometheus text format: those of one family together, however they come. */
export interface Families {
  /** A family without samples is not written. */
  add(name: string, help: string, type: 'counter' | 'gauge', ...samples: Sample[]): void
  /** Families in the order of their names. */
  text(): string
}

export function createFamilies(): Families {
  const families = new Map<string, { head: string; lines: string[] }>()
  return {
    add(name, help, type, ...added) {
      let known = families.get(name)
      if (!known) families.set(name, (known = { head: family(name, help, type, ''), lines: [] }))
      for (const { labels = {}, value, at } of added) {
        const set = labelText(labels)
        known.lines.push(`${name}${set === '' ? '' : `{${set}}`} ${value}${at === undefined ? '' : ` ${at}`}\n`)
      }
    },
    text: () =>
      [...families]
        .filter(([, { lines }]) => lines.length > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { head, lines }]) => head + lines.join(''))
        .join(''),
  }
}

/** The content type of the text format. */
export const textFormat = 'text/plain; version=0.0.4; charset=utf-8'
