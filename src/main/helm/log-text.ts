const framing = ['level', 'msg', 'time']
/** Fields that tell an object, which is written as kind and name. */
const ofObject = ['namespace', 'name', 'kind', 'gvk', 'expectedStatus', 'actualStatus']
/** What Helm 4 says of itself alone. */
const asides =
  /^(?:unmarshalled JSON schema|Original chart version|Chart path|chart name|number of dependencies in the chart|determined release apply method|using server-side apply|setting up)/

/**
 * A line of Helm's log as the window shows it: without level, time and place in the source; undefined where it says nothing to a
 * user. Helm 4 writes `level=DEBUG msg="Patched resource" name=web`, Helm 3 `client.go:748: 2026-11-29 … [debug] Pod web pending`.
 */
export function logText(line: string): string | undefined {
  const old = /^\S+\.go:\d+: .*?\[(?:debug|warning)\] (.*)$/.exec(line)?.[1]
  if (old !== undefined) return old
  if (!line.startsWith('level=')) return line.trim() === '' ? undefined : line
  const fields = [...line.matchAll(/([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(
    ([, key = '', value = '']) => [key, unquoted(value)] as const,
  )
  const message = fields.find(([key]) => key === 'msg')?.[1] ?? ''
  if (message === '' || asides.test(message)) return undefined
  const told = Object.fromEntries(fields)
  const kind = told.kind ?? /Kind=(\w+)/.exec(told.gvk ?? '')?.[1]
  const about = kind === undefined ? [] : [`${kind} ${told.name ?? ''}`, told.actualStatus ?? '']
  const known = kind === undefined ? framing : [...framing, ...ofObject]
  const rest = fields.filter(([key]) => !known.includes(key)).map(([key, value]) => `${key}=${value}`)
  return [message, ...about, ...rest].filter((part) => part !== '').join('  ')
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value
  }
}
