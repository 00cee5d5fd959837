import { expect, test } from 'vitest'
import { appliedRange } from './applied-range.ts'

const key = 'kubectl.kubernetes.io/last-applied-configuration:'
const found = (text: string): string | undefined => {
  const range = appliedRange(text)
  return range && text.slice(range.from, range.to)
}

test('is the value of the annotation, in whichever way YAML writes it, and no line after it', () => {
  const after = '\n    team: shop\n  name: web\n'
  expect(found(`metadata:\n  annotations:\n    ${key} |\n      {"a":1}\n      {"b":2}${after}`)).toBe(
    ' |\n      {"a":1}\n      {"b":2}',
  )
  expect(found(`metadata:\n  annotations:\n    ${key} '{"a":1}'${after}`)).toBe(` '{"a":1}'`)
  expect(found(`metadata:\n  annotations:\n    team: shop\n`)).toBeUndefined()
})
