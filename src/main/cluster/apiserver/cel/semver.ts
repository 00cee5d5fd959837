import type { Environment } from '@marcbachmann/cel-js'

/** A version by semver.org 2.0.0. */
class Semver {
  readonly numbers: readonly bigint[]
  readonly prerelease: readonly string[]
  constructor(numbers: readonly bigint[], prerelease: readonly string[]) {
    this.numbers = numbers
    this.prerelease = prerelease
  }
}

const type = 'kubernetes.Semver'

/** A version as a CEL value; undefined where the text is none. */
export const celSemver = (text: string): unknown => semverOf(text, false)

/** Kubernetes' semver library: `semver('1.2.3').isLessThan(semver('1.3.0'))`. */
export function registerSemver(environment: Environment): void {
  const parse = (text: string, lenient = false): Semver => {
    const version = semverOf(text, lenient)
    if (!version) throw new Error(`invalid semver: ${JSON.stringify(text)}`)
    return version
  }
  environment
    .registerType(type, { ctor: Semver, fields: {} })
    .registerFunction('isSemver(string): bool', (text: string) => semverOf(text, false) !== undefined)
    .registerFunction(
      'isSemver(string, bool): bool',
      (text: string, lenient: boolean) => semverOf(text, lenient) !== undefined,
    )
    .registerFunction(`semver(string): ${type}`, (text: string) => parse(text))
    .registerFunction(`semver(string, bool): ${type}`, parse)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Semver, b: Semver) => BigInt(compare(a, b)))
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) > 0)
    .registerOperator(`${type} == ${type}`, (a: Semver, b: Semver) => compare(a, b) === 0)
  for (const [i, part] of ['major', 'minor', 'patch'].entries())
    environment.registerFunction(`${type}.${part}(): int`, ({ numbers }: Semver) => numbers[i] ?? 0n)
}

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/** @param lenient whether `v1`, `1.2` and `01.2.3` are accepted */
function semverOf(text: string, lenient: boolean): Semver | undefined {
  const found = pattern.exec(lenient ? normal(text) : text)
  if (!found) return undefined
  return new Semver(found.slice(1, 4).map(BigInt), found[4]?.split('.') ?? [])
}

function normal(text: string): string {
  const [, numbers = '', rest = ''] = /^v?([\d.]*)(.*)$/s.exec(text) ?? []
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3 && rest === '') parts.push('0')
  return parts.join('.') + rest
}

function compare(a: Semver, b: Semver): number {
  for (const [i, number] of a.numbers.entries()) {
    const other = b.numbers[i] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  // A pre-release precedes its release.
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return Math.sign(b.prerelease.length - a.prerelease.length)
  for (const [i, part] of a.prerelease.entries()) {
    const other = b.prerelease[i]
    if (other === undefined) return 1
    const order = compareParts(part, other)
    if (order !== 0) return order
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0
}

function compareParts(a: string, b: string): number {
  const [numericA, numericB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (numericA && numericB) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0
  if (numericA !== numericB) return numericA ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
