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
