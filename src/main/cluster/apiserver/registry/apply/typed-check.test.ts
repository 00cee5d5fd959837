import { describe, expect, it } from 'vitest'
import { loadSchema } from '../../schema/schema.ts'
import { typedProblem } from './typed-check.ts'

const schema = loadSchema()
const problem = (kind: string, config: unknown): string | undefined =>
  typedProblem(config, schema.type(`io.k8s.api.${kind}`))

describe('an apply configuration', () => {
  it.each([
    ['core.v1.ConfigMap', { data: { a: 5 } }, '.data.a: expected string, got &value.valueUnstructured{Value:5}'],
    [
      'core.v1.ConfigMap',
      { data: { a: { b: ['c'] } } },
      '.data.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"b":[]interface {}{"c"}}}',
    ],
    ['core.v1.ConfigMap', { immutable: 'true' }, '.immutable: expected boolean, got &{true}'],
    ['core.v1.ConfigMap', { data: ['a', 'b'] }, '.data: expected map, got &{[a b]}'],
    ['core.v1.Service', { spec: { ports: 'x' } }, '.spec.ports: expected list, got &{x}'],
    [
      'core.v1.Pod',
      { spec: { containers: [{ name: 'c', livenessProbe: { bogus: 1 } }] } },
      '.spec.containers[name="c"].livenessProbe.bogus: field not declared in schema',
    ],
    ['apps.v1.Deployment', { spec: { replicas: '3' } }, '.spec.replicas: expected numeric (int or float), got string'],
    [
      'core.v1.Pod',
      { spec: { containers: [{ name: 'c', args: 'x' }] } },
      '.spec.containers[name="c"].args: expected list, got &{x}',
    ],
    [
      'core.v1.Pod',
      { spec: { containers: ['c'] } },
      '.spec.containers: element 0: associative list with keys may not have non-map elements',
    ],
    [
      'core.v1.Service',
      { spec: { ports: [{ port: 80 }, { port: 80, protocol: 'TCP' }] } },
      '.spec.ports: duplicate entries for key [port=80,protocol="TCP"]',
    ],
    ['core.v1.Pod', { metadata: { finalizers: ['a', 'a'] } }, '.metadata.finalizers: duplicate entries for key [="a"]'],
  ])('%s %j is refused: %s', (kind, config, expected) => expect(problem(kind, config)).toBe(expected))

  it('is refused with all its problems', () => {
    expect(problem('core.v1.ConfigMap', { odd: 2, data: 1 })).toBe(
      'errors:\n  .odd: field not declared in schema\n  .data: expected map, got &{1}',
    )
  })

  it.each([
    ['core.v1.Pod', { metadata: { creationTimestamp: 'soon' }, spec: { containers: [{ name: 'c', image: null }] } }],
    [
      'core.v1.Service',
      {
        spec: {
          ports: [
            { port: 80, targetPort: 'http' },
            { port: 80, protocol: 'UDP' },
          ],
        },
      },
    ],
    ['core.v1.LimitRange', { spec: { limits: [{ max: { cpu: 1, memory: 'much' } }] } }],
  ])('%s %j has the types of its schema', (kind, config) => expect(problem(kind, config)).toBeUndefined())
})
