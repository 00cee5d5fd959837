import { expect, test } from 'vitest'
import { withoutSecretValues, yamlOf } from './object-yaml.ts'

const value = 'aHVudGVyMg=='
const secret = {
  kind: 'Secret',
  metadata: {
    name: 's',
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': `{"kind":"Secret","data":{"password":"${value}"}}`,
      other: 'kept',
    },
    managedFields: [{ manager: 'm' }],
  },
  data: { password: value },
  stringData: { token: value },
}

test('the YAML of a Secret hides its values wherever they are, until they are asked for', () => {
  const shown = yamlOf(secret)
  expect(shown).not.toContain(value)
  for (const text of ['password', 'token', 'other: kept']) expect(shown).toContain(text)
  expect(yamlOf(secret, { secrets: true })).toContain(value)
})

test('leaves out managed fields, and changes nothing of the object itself', () => {
  const before = structuredClone(secret)
  expect(yamlOf(secret, { secrets: true })).not.toContain('managedFields')
  expect(secret).toEqual(before)
})

test('leaves other kinds alone', () => {
  const map = { kind: 'ConfigMap', metadata: { name: 'c' }, data: { k: 'v' } }
  expect(withoutSecretValues(map)).toBe(map)
})
