/**
 * Compares versions in Kubernetes' order: stable before beta before alpha, the greater number first, names of another
 * form last and alphabetically.
 */
export function byVersionPriority(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)]
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor
}

const stages: Readonly<Record<string, number>> = { alpha: 0, beta: 1 }

function parse(version: string): { major: number; stage: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!match) return undefined
  const [, major, stage, minor] = match
  return { major: Number(major), stage: stage === undefined ? 2 : (stages[stage] ?? 0), minor: Number(minor ?? 0) }
}
