import { describe, expect, it } from 'vitest'
import { mergePatch } from './merge.ts'
import { strategicMerge, StrategicPatchError } from './strategic.ts'
import { TypeCompiler, type JsonSchema } from './type-node.ts'

const definitions: Record<string, JsonSchema> = {
  Pod: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      containers: {
        type: 'array',
        items: { $ref: '#/definitions/Container' },
        'x-kubernetes-patch-strategy': 'merge',
        'x-kubernetes-patch-merge-key': 'name',
      },
      finalizers: { type: 'array', items: { type: 'string' }, 'x-kubernetes-patch-strategy': 'merge' },
      args: { type: 'array', items: { type: 'string' } },
      strategy: { $ref: '#/definitions/Strategy', 'x-kubernetes-patch-strategy': 'retainKeys' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
  Container: {
    type: 'object',
    properties: { name: { type: 'string' }, image: { type: 'string' }, cmd: { type: 'string' } },
  },
  Strategy: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      rollingUpdate: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
}
const pod = new TypeCompiler((name) => definitions[name]).named('Pod')

const names = (value: unknown): string[] => (value as { containers: { name: string }[] }).containers.map((c) => c.name)

describe('a strategic merge patch', () => {
  it('merges list items by their key and appends new ones', () => {
    const original = { containers: [{ name: 'a', image: '1', cmd: 'x' }, { name: 'b' }] }
    const patch = {
      containers: [
        { name: 'a', image: '2' },
        { name: 'c', image: '3' },
      ],
    }
    const merged = strategicMerge(original, patch, pod)
    expect(merged['containers']).toContainEqual({ name: 'a', image: '2', cmd: 'x' })
    expect(names(merged).sort()).toEqual(['a', 'b', 'c'])
    expect(original.containers).toHaveLength(2)
  })

  it('deletes an item by directive', () => {
    const merged = strategicMerge(
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { containers: [{ $patch: 'delete', name: 'a' }] },
      pod,
    )
    expect(names(merged)).toEqual(['b'])
  })

  it('replaces a list by directive', () => {
    const merged = strategicMerge(
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { containers: [{ name: 'c' }, { $patch: 'replace' }] },
      pod,
    )
    expect(names(merged)).toEqual(['c'])
  })

  it('replaces and empties objects by directive', () => {
    const original = { labels: { a: '1', b: '2' } }
    expect(strategicMerge(original, { labels: { $patch: 'replace', c: '3' } }, pod)).toEqual({ labels: { c: '3' } })
    expect(strategicMerge(original, { labels: { $patch: 'delete' } }, pod)).toEqual({ labels: {} })
  })

  it('orders items as requested, with unnamed ones in their position', () => {
    const merged = strategicMerge(
      { containers: [{ name: 'a' }, { name: 'x' }, { name: 'b' }] },
      {
        $setElementOrder: 'ignored',
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
        containers: [{ name: 'b', image: '2' }],
      },
      pod,
    )
    expect(names(merged).filter((name) => name !== 'x')).toEqual(['b', 'a'])
    expect(names(merged)).toContain('x')
  })

  it('orders a list without other changes', () => {
    const merged = strategicMerge(
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      pod,
    )
    expect(names(merged)).toEqual(['b', 'a'])
  })

  it('merges primitive lists, removes named values, replaces atomic lists', () => {
    const original = { finalizers: ['a', 'b'], args: ['x', 'y'] }
    expect(strategicMerge(original, { finalizers: ['c'], args: ['z'] }, pod)).toEqual({
      finalizers: expect.arrayContaining(['a', 'b', 'c']) as string[],
      args: ['z'],
    })
    expect(strategicMerge(original, { '$deleteFromPrimitiveList/finalizers': ['a'] }, pod)['finalizers']).toEqual(['b'])
  })

  it('keeps only the retained keys', () => {
    const merged = strategicMerge(
      { strategy: { type: 'RollingUpdate', rollingUpdate: { a: '1' } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      pod,
    )
    expect(merged['strategy']).toEqual({ type: 'Recreate' })
  })

  it('removes fields that are null, also absent ones', () => {
    expect(strategicMerge({ labels: { a: '1' } }, { labels: { a: null, b: null } }, pod)).toEqual({ labels: {} })
    expect(strategicMerge({}, { labels: { a: null, b: '1' } }, pod)).toEqual({ labels: { b: '1' } })
  })

  it.each<[string, object, string]>([
    [
      'an item without the merge key',
      { containers: [{ image: '2' }] },
      'map: map[image:2] does not contain declared merge key: name',
    ],
    ['a directive that is none', { $patch: 'drop', a: 1 }, 'unknown patch type: drop in map: map[$patch:drop a:1]'],
    [
      'one of an item',
      { containers: [{ name: 'b', $patch: 'drop' }] },
      'unknown patch type: drop in map: map[$patch:drop name:b]',
    ],
    [
      'the merge of an item',
      { containers: [{ name: 'a', $patch: 'merge' }] },
      'merging lists cannot yet be specified in the patch',
    ],
    ['keys to retain that are no list', { $retainKeys: 'a' }, 'invalid patch format of retainKeys'],
    [
      'primitives to delete that are no list',
      { '$deleteFromPrimitiveList/args': 'a' },
      'invalid patch format of primitive list',
    ],
  ])('refuses %s, in the words of Kubernetes', (_, patch, problem) => {
    const merge = (): unknown => strategicMerge({ containers: [{ name: 'a' }] }, { ...patch }, pod)
    expect(merge).toThrow(StrategicPatchError)
    expect(merge).toThrow(problem)
  })
})

describe('a merge patch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %o with %o gives %o, as RFC 7386 says', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected)
  })

  it('does not change prototypes by __proto__', () => {
    const patched = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}')) as { polluted?: boolean }
    expect(patched.polluted).toBeUndefined()
  })
})
