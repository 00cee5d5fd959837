import { Optional, type Environment } from '@marcbachmann/cel-js'
import {
  label1035Problems,
  labelProblems,
  labelValueProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from '#shared/kube/validation-names.ts'
import { isUrl } from './urls.ts'

type Problems = (text: string) => readonly string[]

/** A valid `generateName`: a name, or a prefix that ends in a dash. */
const beginning =
  (problems: Problems): Problems =>
  (text) =>
    problems(text.replace(/-$/, 'a'))

const matching =
  (holds: (text: string) => boolean, problem: string): Problems =>
  (text) =>
    holds(text) ? [] : [problem]

const formats: Readonly<Record<string, Problems>> = {
  dns1123Label: labelProblems,
  dns1123Subdomain: subdomainProblems,
  dns1035Label: label1035Problems,
  dns1123LabelPrefix: beginning(labelProblems),
  dns1123SubdomainPrefix: beginning(subdomainProblems),
  dns1035LabelPrefix: beginning(label1035Problems),
  qualifiedName: qualifiedNameProblems,
  labelValue: labelValueProblems,
  uri: matching(isUrl, 'invalid URI'),
  uuid: matching((text) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text), 'does not match the UUID format'),
  byte: matching(
    (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
    'invalid base64',
  ),
  date: matching((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)), 'invalid date'),
  datetime: matching(
    (text) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(text) && !Number.isNaN(Date.parse(text)),
    'invalid datetime',
  ),
}

/** Represents the namespace before the dot. */
class Formats {
  readonly name = 'format'
}

class Format {
  readonly problems: Problems
  constructor(problems: Problems) {
    this.problems = problems
  }
}

/** Kubernetes' format library: `!format.dns1123Label().validate(name).hasValue()`. */
export function registerFormats(environment: Environment): void {
  environment
    .registerType('format', Formats)
    .registerConstant('format', 'format', new Formats())
    .registerType('kubernetes.NamedFormat', { ctor: Format, fields: {} })
    .registerFunction('format.named(string): optional<kubernetes.NamedFormat>', (_: Formats, name: string) => {
      const problems = Object.hasOwn(formats, name) ? formats[name] : undefined
      return problems ? Optional.of(new Format(problems)) : Optional.none()
    })
    .registerFunction(
      'kubernetes.NamedFormat.validate(string): optional<list<string>>',
      ({ problems }: Format, text: string) => {
        const found = problems(text)
        return found.length > 0 ? Optional.of([...found]) : Optional.none()
      },
    )
  for (const [name, problems] of Object.entries(formats))
    environment.registerFunction(`format.${name}(): kubernetes.NamedFormat`, () => new Format(problems))
}
