import { expect, test } from 'vitest'
import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { servedKinds } from '#test/support/served-kinds.ts'
import { about as english } from '../texts/en/about.ts'
import { about as german } from '../texts/de/about.ts'
import { aboutKind, descriptionOf } from './about.ts'
import { kinds } from './index.ts'

const builtIn = [...kinds.map(({ resource }) => resource), ...servedKinds.filter(({ kind }) => kind !== 'Binding')]

test.each([...new Map(builtIn.map((each) => [each.kind, each]))])('an empty list of %s says what it is', (kind, each) =>
  expect(aboutKind(each)).toBe(`about.${kind}`),
)

test.each([
  ['English', english],
  ['German', german],
])('in %s, each is one line of sentences', (_language, texts) => {
  for (const text of Object.values(texts)) {
    expect(text).toMatch(/^[A-ZÄÖÜ].*\.$/)
    expect(text.length).toBeLessThan(130)
  }
})

const resource = { group: 'example.com', version: 'v1', plural: 'services', kind: 'Service', namespaced: true }
const definition = (description?: string): CustomResourceDefinition => ({
  metadata: { name: 'services.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Service', plural: 'services' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v0',
        served: true,
        storage: false,
        schema: { openAPIV3Schema: { type: 'object', description: 'Old.' } },
      },
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', ...(description === undefined ? {} : { description }) } },
      },
    ],
  },
})

test('a kind of somebody else is what its definition says, even where Kubernetes has one of that name', () => {
  expect(aboutKind(resource)).toBeUndefined()
  expect(descriptionOf(definition('A service\nof ours.\n\nMore about it.'), resource)).toBe('A service of ours.')
  expect(descriptionOf(definition(), resource)).toBe('')
})
