import { noShape, type StructShape } from '#shared/kube/patch/type-node.ts'
import { goFields } from './go-fields.ts'

/** Returns how Go writes the fields of a definition: `io.k8s.api.core.v1.Pod`. */
export function goShapes(): (definition: string) => StructShape {
  const shapes = new Map(
    goFields
      .trim()
      .split('\n')
      .map((line) => {
        const [definition = '', ...rules] = line.split(' ')
        return [definition, shapeOf(rules)]
      }),
  )
  return (definition) => shapes.get(definition) ?? noShape
}

function shapeOf(rules: readonly string[]): StructShape {
  const omitted = rules.filter((rule) => rule.startsWith('-')).map((rule) => rule.slice(1))
  const written = rules.filter((rule) => !rule.startsWith('-')).map((rule) => splitAt(rule, rule.indexOf('=')))
  return {
    omitted: new Set(omitted),
    filled: written.filter(([, zero]) => zero !== 'null').map(([name, zero]) => [name, JSON.parse(zero) as unknown]),
    nulls: written.filter(([, zero]) => zero === 'null').map(([name]) => name),
  }
}

const splitAt = (text: string, index: number): [string, string] => [text.slice(0, index), text.slice(index + 1)]
