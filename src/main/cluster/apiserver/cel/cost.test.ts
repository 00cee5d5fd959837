import { expect, it } from 'vitest'
import { compile } from './compile.ts'
import { CostBudget } from './cost.ts'
import { toCel } from './values.ts'

const list = Array.from({ length: 1_200 }, (_, i) => i)
const object = toCel({ list, text: 'x'.repeat(10_000) })
const run = (expression: string, budget?: CostBudget): unknown =>
  compile(expression, { object: 'dyn' }).evaluate({ object }, budget)
const runJson = (expression: string): unknown => compile(expression, { object: 'dyn' }).evaluateJson({ object })
const tooMuch = 'operation cancelled: actual cost limit exceeded'

/** `cel.bind(v1, <from>, cel.bind(v2, <step of v1>, …))`. */
const doubled = (from: string, step: (name: string) => string, times: number, end: string): string => {
  let expression = `${end}(v${times})`
  for (let i = times; i > 0; i--) expression = `cel.bind(v${i}, ${i === 1 ? from : step(`v${i - 1}`)}, ${expression})`
  return expression
}

it.each([
  ['loops in loops', 'object.list.all(a, object.list.all(b, a + b >= 0))'],
  ['errors that a loop forgives', 'object.list.exists(a, object.list.all(b, a + b < 0 || a + b >= 0) && a < 0)'],
  ['errors that an operator forgives', 'object.list.all(a, object.list.all(b, a + b >= 0)) || true'],
  ['strings that double', doubled("'ten chars!'", (v) => `${v} + ${v}`, 40, 'size')],
  ['lists that double', doubled('object.list', (v) => `${v} + ${v}`, 40, 'size')],
  [
    'parts that are shared',
    `[${doubled('[1]', (v) => `[${v}, ${v}]`, 40, 'dyn')}, 1] == [${doubled('[1]', (v) => `[${v}, ${v}]`, 40, 'dyn')}, 1]`,
  ],
  ['replacements', "object.text.replace('x', object.text).replace('x', object.text) == ''"],
  ['joins', 'object.list.map(i, object.text).join(object.text).size() > 0'],
  ['searches', 'object.list.all(i, object.text.contains(object.text + string(i)) || true)'],
  [
    'expressions that regular expressions cannot be tried with',
    "object.list.all(i, object.text.matches('x*x*x*!') || true)",
  ],
  ['many finds', "object.list.all(i, object.text.findAll('x+').size() > 0)"],
  ['sets', 'object.list.all(i, sets.contains(object.list, object.list))'],
])('stops %s', (_, expression) => {
  expect(() => run(expression)).toThrow(tooMuch)
})

it('stops a value that would be too large to return', () => {
  expect(() => runJson(doubled('[1]', (v) => `[${v}, ${v}]`, 40, 'dyn'))).toThrow(tooMuch)
})

it('allows evaluations within the limit, repeatedly', () => {
  const expression = 'object.list.filter(i, i % 2 == 0).map(i, i * 2).all(i, i >= 0)'
  for (let i = 0; i < 100; i++) expect(run(expression)).toBe(true)
})

it('counts the same cost for the same work', () => {
  const costs = [1, 2, 3].map(() => {
    let limit = 0
    const passes = (tried: number): boolean => {
      try {
        run('object.list.all(i, i >= 0)', new CostBudget(tried))
        return true
      } catch {
        return false
      }
    }
    for (let step = 2 ** 20; step >= 1; step /= 2) if (!passes(limit + step)) limit += step
    return limit
  })
  expect(new Set(costs).size).toBe(1)
  expect(costs[0]).toBeGreaterThan(list.length)
})

it('limits the total cost of several evaluations', () => {
  const budget = new CostBudget(30_000)
  const expression = 'object.list.all(i, i >= 0)'
  expect(() => {
    for (let i = 0; i < 100; i++) run(expression, budget)
  }).toThrow('running out of cost budget')
  expect(() => run('true', budget)).toThrow('running out of cost budget')
})
