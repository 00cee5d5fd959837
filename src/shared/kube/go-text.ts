/** How Go prints decoded JSON in messages. */

/** `%v`: `map[a:1 b:[x y]]`, with the keys in order. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value === 'object')
    return `map[${Object.entries(value)
      .sort(byKey)
      .map(([key, item]) => `${key}:${goText(item)}`)
      .join(' ')}]`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** `%#v`: `map[string]interface {}{"a":1}`. */
export function goLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(goLiteral).join(', ')}}`
  if (typeof value === 'object')
    return `map[string]interface {}{${Object.entries(value)
      .sort(byKey)
      .map(([key, item]) => `${JSON.stringify(key)}:${goLiteral(item)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0)

/** The message of Go's `time.Parse` for a text that is no RFC 3339 time. */
export function goTimeProblem(text: string, { micro = false } = {}): string {
  const { rest, element } = firstTimeMismatch(text, micro ? microTimeLayout : timeLayout)
  return `parsing time ${goQuote(text)} as "2006-01-02T15:04:05${micro ? microFraction : ''}Z07:00": cannot parse ${goQuote(rest)} as ${goQuote(element)}`
}

const dateLayout: TimeLayout = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d{2}/],
  ['-', /^-/],
  ['02', /^\d{2}/],
  ['T', /^T/],
  ['15', /^\d{2}/],
  [':', /^:/],
  ['04', /^\d{2}/],
  [':', /^:/],
]
const zone: TimeLayout[number] = ['Z07:00', /^(?:Z|[+-]\d{2}:\d{2})/]
const timeLayout: TimeLayout = [...dateLayout, ['05', /^\d{2}(?:[.,]\d+)?/], zone]
/** metav1.RFC3339Micro: exactly six digits of a second. */
const microFraction = '.000000'
const microTimeLayout: TimeLayout = [...dateLayout, ['05', /^\d{2}/], [microFraction, /^\.\d{6}/], zone]

type TimeLayout = readonly (readonly [element: string, pattern: RegExp])[]

function firstTimeMismatch(text: string, layout: TimeLayout): { rest: string; element: string } {
  let rest = text
  for (const [element, pattern] of layout) {
    const match = pattern.exec(rest)
    if (!match) return { rest, element }
    rest = rest.slice(match[0].length)
  }
  return { rest, element: '' }
}

/** Package time quotes text byte by byte: what is not printable ASCII becomes `\\xNN`. */
function goQuote(text: string): string {
  const bytes = [...new TextEncoder().encode(text)]
  const quoted = bytes.map((byte) => {
    const char = String.fromCharCode(byte)
    if (char === '"' || char === '\\') return `\\${char}`
    return byte < 0x20 || byte >= 0x7f ? `\\x${byte.toString(16).padStart(2, '0')}` : char
  })
  return `"${quoted.join('')}"`
}
