/**
 * Validation of names. Each check returns the problems in apimachinery's wording, or an empty list.
 */
export type NameCheck = (value: string) => readonly string[]

const fine: readonly string[] = []

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`
const searchLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const searchDomain = `${searchLabel}(\\.${searchLabel})*`
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`)
const labelPattern = whole(label)
const subdomainPattern = whole(subdomain)
const searchDomainPattern = whole(searchDomain)
const label1035Pattern = whole(label1035)
const qualifiedPattern = whole(qualified)

/** Names are measured in characters, labels and qualified names in bytes: Kubernetes' words differ. */
const tooLong = (length: number): string => `must be no more than ${length} characters`
const tooManyBytes = (length: number): string => `must be no more than ${length} bytes`

/** A pattern with examples, as Kubernetes' `RegexError` formats it. */
function patternProblem(text: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${pattern}')`
  return `${text} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`
}

const searchDomainProblem = patternProblem(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  searchDomain,
  'example.com',
)
const subdomainProblem = patternProblem(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomain,
  'example.com',
)
const wildcardPattern = whole(`\\*\\.${subdomain}`)
const wildcardProblem = patternProblem(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  `\\*\\.${subdomain}`,
  '*.example.com',
)
const labelProblem = patternProblem(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  label,
  'my-name',
  '123-abc',
)
const label1035Problem = patternProblem(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  label1035,
  'my-name',
  'abc-123',
)
const qualifiedProblem = patternProblem(
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualified,
  'MyName',
  'my.name',
  '123-abc',
)
const labelValueProblem = patternProblem(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  `(${qualified})?`,
  'MyValue',
  'my_value',
  '12345',
)
const configKeyPattern = '[-._a-zA-Z0-9]+'
const configKeyRegExp = whole(configKeyPattern)
const configKeyProblem = patternProblem(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configKeyPattern,
  'key.name',
  'KEY_NAME',
  'key-name',
)
const percentProblem = patternProblem(
  "a valid percent string must be a numeric string followed by an ending '%'",
  '[0-9]+%',
  '1%',
  '93%',
)
const headerProblem = patternProblem(
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  '[-A-Za-z0-9]+',
  'X-Header-Name',
)

function check(
  value: string,
  maxLength: number,
  pattern: RegExp,
  problem: string,
  longProblem = tooLong,
): readonly string[] {
  const long = value.length > maxLength
  const wrong = !pattern.test(value)
  if (!long && !wrong) return fine
  return [...(long ? [longProblem(maxLength)] : []), ...(wrong ? [problem] : [])]
}

/** RFC 1123 subdomain: the rule for most names. */
export const subdomainProblems: NameCheck = (value) => check(value, 253, subdomainPattern, subdomainProblem)

/** `*.` before a subdomain: hosts of Ingresses. */
export const wildcardProblems: NameCheck = (value) => check(value, 253, wildcardPattern, wildcardProblem)

/** A domain that resolvers complete names by: labels may begin with an underscore and have some. */
export const searchDomainProblems: NameCheck = (value) => check(value, 253, searchDomainPattern, searchDomainProblem)

/** RFC 1123 label: namespaces, container and volume names. */
export const labelProblems: NameCheck = (value) =>
  check(value, 63, labelPattern, subdomainPattern.test(value) ? 'must not contain dots' : labelProblem)

/** RFC 1035 label: begins with a letter. */
export const label1035Problems: NameCheck = (value) => check(value, 63, label1035Pattern, label1035Problem)

/** RBAC names and other single segments of a URL's path. */
export const pathSegmentProblems: NameCheck = (value) => {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%']
    .filter((character) => value.includes(character))
    .map((character) => `may not contain '${character}'`)
}

/** A key of labels, annotations or resources: an optional DNS subdomain, a slash, a name. */
export const qualifiedNameProblems: NameCheck = (key) => {
  const parts = key.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2)
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const problems: string[] = []
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    if (prefix === '') problems.push('prefix part must be non-empty')
    else problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`))
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push(`name part ${tooManyBytes(63)}`)
  if (!qualifiedPattern.test(name)) problems.push(qualifiedProblem)
  return problems.length === 0 ? fine : problems
}

export const labelValueProblems: NameCheck = (value) =>
  value === '' ? fine : check(value, 63, qualifiedPattern, labelValueProblem, tooManyBytes)

/** A key of a ConfigMap or Secret: becomes a file name. */
export const configKeyProblems: NameCheck = (key) => {
  const problems = [...check(key, 253, configKeyRegExp, configKeyProblem)]
  if (key === '.' || key === '..') problems.push(`must not be '${key}'`)
  else if (key.startsWith('..')) problems.push("must not start with '..'")
  return problems
}

/** Name of an environment variable: printable ASCII except `=`, since v1.34. */
export const envNameProblems: NameCheck = (name) => {
  if (name === '') return ['environment variable name must be non-empty']
  if (/^[ -<>-~]+$/.test(name)) return fine
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** A named port (IANA_SVC_NAME). */
export const portNameProblems: NameCheck = (name) => {
  const problems: string[] = []
  if (name.length > 15) problems.push(tooLong(15))
  if (!/^[-a-z0-9]+$/.test(name))
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)')
  if (name.includes('--')) problems.push('must not contain consecutive hyphens')
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems.length === 0 ? fine : problems
}

export const portProblems = (port: number): readonly string[] => rangeProblems(port, 1, 65535)

export const rangeProblems = (value: number, low: number, high: number): readonly string[] =>
  value >= low && value <= high ? fine : [`must be between ${low} and ${high}, inclusive`]

export const percentProblems: NameCheck = (value) => (/^[0-9]+%$/.test(value) ? fine : [percentProblem])

export const httpHeaderProblems: NameCheck = (name) => (/^[-A-Za-z0-9]+$/.test(name) ? fine : [headerProblem])

const ipProblem = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

export const ipProblems: NameCheck = (text) => (ipFamily(text) === undefined ? [ipProblem] : fine)

/** The family of an IP address; undefined when the text is not an address. */
export function ipFamily(text: string): 'IPv4' | 'IPv6' | undefined {
  if (isIpv4(text)) return 'IPv4'
  return text.includes(':') && isIpv6(text) ? 'IPv6' : undefined
}

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255 && !/^0\d/.test(part))

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const embedded = last.includes('.')
  const words = embedded ? groups.slice(0, -1) : groups
  if (embedded && !isIpv4(last)) return false
  const length = words.length + (embedded ? 2 : 0)
  return words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word)) && (halves.length === 2 ? length < 8 : length === 8)
}
