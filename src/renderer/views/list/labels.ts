import { labelValueProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'

/** Labels to set; those of null are removed. */
export type Labels = Record<string, string | null>

/** Reads `tier=front old-` as `kubectl label` does. `problem` is the first word that is none. */
export function parseLabels(text: string): { labels: Labels; problem?: { word: string; reason: string } } {
  const labels: Labels = {}
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const at = word.indexOf('=')
    const removes = at < 0 && word.endsWith('-')
    const key = removes ? word.slice(0, -1) : word.slice(0, Math.max(0, at))
    const value = at < 0 ? '' : word.slice(at + 1)
    const [reason] = [...qualifiedNameProblems(key), ...labelValueProblems(value)]
    if (at < 0 && !removes) return { labels, problem: { word, reason: 'key=value' } }
    if (reason !== undefined) return { labels, problem: { word, reason } }
    labels[key] = removes ? null : value
  }
  return { labels }
}
