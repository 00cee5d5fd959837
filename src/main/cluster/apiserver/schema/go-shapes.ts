import { noShape, type GoField, type StructShape } from '#shared/kube/patch/type-node.ts'
import { goFields } from './go-fields.ts'

/** Returns how Go names and writes the fields of a definition: `io.k8s.api.core.v1.Pod`. */
export function goShapes(): (definition: string) => StructShape {
  const lines = new Map(
    goFields
      .trim()
      .split('\n')
      .map((line) => splitAt(line, line.indexOf(' '))),
  )
  return (definition) => {
    const line = lines.get(definition)
    if (line === undefined) return noShape
    const rules = line.trim().split(' ').map(parse)
    const told = toldThoughEmpty[definition]
    if (told) for (const rule of rules) if (told.includes(rule.name)) rule.leftOut = false
    const version = definition.split('.').at(-2) ?? 'v1'
    return { tagged: definition.startsWith('io.k8s.apimachinery.'), version, ...shapeOf(rules) }
  }
}

/**
 * Lists that count as set though they are empty: they are refused, or left out before the object is stored. A list of ranges
 * never changes, so that an empty one is refused in a message that has it as it was sent.
 */
const toldThoughEmpty: Readonly<Record<string, readonly string[]>> = {
  'io.k8s.api.core.v1.EphemeralContainer': ['ports', 'resizePolicy', 'restartPolicyRules'],
  'io.k8s.api.networking.v1.ServiceCIDRSpec': ['cidrs'],
  'io.k8s.api.resource.v1.ResourceSliceSpec': ['devices', 'sharedCounters'],
}

interface Rule extends GoField {
  /** Left out when empty. */
  leftOut: boolean
  /** JSON of the value that is written when the field was never set. */
  written?: string
}

function shapeOf(rules: readonly Rule[]): Omit<StructShape, 'tagged' | 'version'> {
  return {
    fields: rules,
    byName: new Map(rules.map((rule) => [rule.name, rule])),
    present: new Set(rules.filter(({ written }) => written === '{}' || written === 'null').map(({ name }) => name)),
    omitted: new Set(rules.filter(({ leftOut }) => leftOut).map(({ name }) => name)),
    filled: rules.flatMap(({ name, written }) =>
      written === undefined || written === 'null' ? [] : [[name, JSON.parse(written) as unknown] as const],
    ),
    nulls: rules.filter(({ written }) => written === 'null').map(({ name }) => name),
  }
}

const pattern = /^(-?)((?:\w+>)*)([^=~@]+)(?:=([^~@]*))?(?:~([^@]+))?(?:@(\w+))?$/

function parse(text: string): Rule {
  const [, dash = '', outer = '', name = '', written, goType, goName] = pattern.exec(text) ?? []
  return {
    name,
    goName: goName ?? name.slice(0, 1).toUpperCase() + name.slice(1),
    ...(goType === undefined ? {} : { goType }),
    embedded: outer.replaceAll('>', '.'),
    leftOut: dash !== '',
    ...(written === undefined ? {} : { written }),
    ...(dash === '' ? { zero: written === undefined ? null : (JSON.parse(written) as unknown) } : {}),
  }
}

const splitAt = (text: string, index: number): [string, string] => [text.slice(0, index), text.slice(index + 1)]
