/** A sample of the Prometheus text format, its labels by name. */
export interface ParsedSample {
  name: string
  labels: Record<string, string>
  value: number
  at?: number
}

/**
 * Reads the Prometheus text format as strictly as its definition: every family has one HELP and one TYPE, before its
 * samples, which are together; names, labels and values are well formed; no series appears twice.
 * @throws Error that names the first line at fault
 */
export function parseMetricsText(text: string): ParsedSample[] {
  const samples: ParsedSample[] = []
  const helps = new Set<string>()
  const types = new Map<string, string>()
  const ended = new Set<string>()
  const series = new Set<string>()
  let current = ''
  const enter = (family: string, line: string): void => {
    if (family === current) return
    if (ended.has(family)) throw new Error(`the family is in two places: ${line}`)
    if (current) ended.add(current)
    current = family
  }
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    if (comment) {
      const [, kind, name = '', rest = ''] = comment
      enter(name, line)
      if (kind === 'HELP') {
        if (helps.has(name)) throw new Error(`a second HELP: ${line}`)
        helps.add(name)
      } else {
        if (types.has(name)) throw new Error(`a second TYPE: ${line}`)
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`no type: ${line}`)
        types.set(name, rest)
      }
      continue
    }
    if (line === '') continue
    const sample = parseSample(line)
    const family = familyOf(sample.name, types)
    if (!family || !helps.has(family)) throw new Error(`a sample without HELP and TYPE: ${line}`)
    enter(family, line)
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
    if (series.has(key)) throw new Error(`a series twice: ${line}`)
    series.add(key)
    if (types.get(family) === 'counter' && !(sample.value >= 0)) throw new Error(`a counter below 0: ${line}`)
    samples.push(sample)
  }
  return samples
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string | undefined {
  if (types.has(name)) return name
  const base = name.replace(/_(bucket|sum|count)$/, '')
  return types.get(base) === 'histogram' || types.get(base) === 'summary' ? base : undefined
}

function parseSample(line: string): ParsedSample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (-?\d+))?$/.exec(line)
  if (!match) throw new Error(`no sample: ${line}`)
  const [, name = '', labelsText = '', number = '', at] = match
  const value = number === '+Inf' ? Infinity : number === '-Inf' ? -Infinity : Number(number)
  if (Number.isNaN(value) && number !== 'NaN') throw new Error(`no value: ${line}`)
  return { name, labels: parseLabels(labelsText, line), value, ...(at === undefined ? {} : { at: Number(at) }) }
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest)
    if (!match) throw new Error(`no labels: ${line}`)
    const [whole, name = '', value = ''] = match
    if (name in labels) throw new Error(`a label twice: ${line}`)
    labels[name] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
    rest = rest.slice(whole.length)
  }
  return labels
}
