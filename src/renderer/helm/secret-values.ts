import { isScalar, parseDocument, visit } from 'yaml'
import type { Span } from '../panels/manifest/fields.ts'

/** Names of values that are rarely for all eyes. */
const telling = /pass(?:word|phrase|wd)?$|secret|token|credential|private|api[-_]?key/i

/** Whether a value of this name is rarely for all eyes. */
export const isSecretName = (name: string): boolean => telling.test(name)

/** Where values are whose names say that they are secret. */
export function secretValueSpans(text: string): Span[] {
  const spans: Span[] = []
  visit(parseDocument(text), {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isSecretName(String(key.value))) return
      if (isScalar(value) && typeof value.value === 'string' && value.value !== '' && value.range)
        spans.push({ from: value.range[0], to: value.range[1] })
    },
  })
  return spans
}

/** The text with those values hidden. */
export const withoutSecretValues = (text: string): string =>
  secretValueSpans(text).reduceRight(
    (hidden, { from, to }) => `${hidden.slice(0, from)}••••••${hidden.slice(to)}`,
    text,
  )
