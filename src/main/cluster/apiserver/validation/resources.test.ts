import { expect, it } from 'vitest'
import type { FieldError } from '#shared/kube/status.ts'
import { checkResources } from './resources.ts'

function problems(resources: Parameters<typeof checkResources>[0]): string[] {
  const errors: FieldError[] = []
  checkResources(resources, 'resources', errors)
  return errors.map(({ field, message }) => `${field}: ${message}`)
}

it('huge pages need a processor or memory beside them', () => {
  const pages = { 'hugepages-2Mi': '4Mi' }
  expect(problems({ limits: { ...pages, memory: '1Gi' } })).toEqual([])
  expect(problems({ limits: pages, requests: { ...pages, cpu: '1' } })).toEqual([])
  expect(problems({ limits: pages })).toEqual(['resources: Forbidden: HugePages require cpu or memory'])
})

it.each([
  ['hugepages-2Mi', '3Mi'],
  ['hugepages-1Gi', '512Mi'],
  ['hugepages-', '1Gi'],
  ['hugepages-0', '1Gi'],
])('huge pages are whole: %s of %s are not', (name, quantity) => {
  expect(problems({ limits: { [name]: quantity, cpu: '1' } })).toEqual([
    `resources.limits[${name}]: Invalid value: "${quantity}": ${quantity} is not positive integer multiple of ${name}`,
  ])
})

it.each<[string, boolean]>([
  ['cpu', false],
  ['unknown', false],
  ['example.com/device', true],
  ['hugepages-2Mi', true],
])('a request of %s without a limit: whether one is required is %s', (name, required) => {
  expect(problems({ requests: { [name]: '2Mi', cpu: '1' } }).includes(limitRequired)).toBe(required)
})

const limitRequired = 'resources.limits: Required value: Limit must be set for non overcommitable resources'
