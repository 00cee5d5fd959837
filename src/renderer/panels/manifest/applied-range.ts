/** Where the value of kubectl's own annotation is in a YAML text: what kubectl apply sent last. */
export function appliedRange(text: string): { from: number; to: number } | undefined {
  const key = /^( *)kubectl\.kubernetes\.io\/last-applied-configuration:/m.exec(text)
  if (!key) return undefined
  const from = key.index + key[0].length
  const value = new RegExp(`[^\\n]*(?:\\n${key[1] ?? ''} +[^\\n]*)*`, 'y')
  value.lastIndex = from
  value.exec(text)
  return value.lastIndex > from ? { from, to: value.lastIndex } : undefined
}
