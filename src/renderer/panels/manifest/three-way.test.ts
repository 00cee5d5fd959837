import { expect, test } from 'vitest'
import { writeFieldPath } from './fields.ts'
import { changesOf, threeWay } from './three-way.ts'

const cart = (image: string, replicas: number, rest: object = {}) => ({
  metadata: { labels: { app: 'cart' } },
  spec: {
    replicas,
    template: {
      spec: {
        containers: [
          { name: 'cart', image, ...rest },
          { name: 'log', image: 'l' },
        ],
      },
    },
  },
})

test('what one side has changed alone is merged; what both have is a clash, in the item of its name', () => {
  const base = cart('c:1', 2)
  const mine = cart('c:2', 2, { imagePullPolicy: 'Always' })
  const theirs = { ...cart('c:3', 5), metadata: { labels: { app: 'cart', team: 'shop' } } }
  const { clashes, mine: own, theirs: others } = threeWay(base, mine, theirs)
  expect(clashes.map(({ path, ...values }) => [writeFieldPath(path), values])).toEqual([
    ['spec.template.spec.containers[cart].image', { base: 'c:1', mine: 'c:2', theirs: 'c:3' }],
  ])
  expect(others.map(({ path, value }) => [writeFieldPath(path), value])).toEqual([
    ['metadata.labels.team', 'shop'],
    ['spec.replicas', 5],
  ])
  expect(own.map(({ path }) => writeFieldPath(path))).toEqual(['spec.template.spec.containers[cart].imagePullPolicy'])
})

test('items are added and taken out by name, and lists of plain values are one value', () => {
  const base = { list: [{ name: 'a' }, { name: 'b', v: 1 }], args: ['x'] }
  const mine = { list: [{ name: 'b', v: 2 }], args: ['x', 'y'] }
  const theirs = { list: [{ name: 'c' }, { name: 'a' }, { name: 'b', v: 1 }], args: ['z'] }
  const { clashes, theirs: others, mine: own } = threeWay(base, mine, theirs)
  expect(clashes.map(({ path }) => writeFieldPath(path))).toEqual(['args'])
  expect(others.map(({ path }) => writeFieldPath(path))).toEqual(['list[c]'])
  expect(own.map(({ path, value }) => [writeFieldPath(path), value])).toEqual([
    ['list[a]', undefined],
    ['list[b].v', 2],
  ])
})

test('tells what a text has changed since its base', () => {
  const changes = changesOf({ a: 1, b: { c: 2 } }, { a: 1, b: {}, d: [1] })
  expect(changes.map(({ path }) => writeFieldPath(path))).toEqual(['b.c', 'd'])
})
