import { describe, test } from 'vitest'
import { volumePods, type PodParts } from './volume-pods.ts'

/** The downward API as files, by a volume of its own and by a projected one. */

const pods = await volumePods()

const families: [string, (items: object[], defaultMode?: number) => object][] = [
  [
    'Downward API volume',
    (items, defaultMode) => ({ downwardAPI: { items, ...(defaultMode ? { defaultMode } : {}) } }),
  ],
  [
    'Projected downwardAPI',
    (items, defaultMode) => ({
      projected: { sources: [{ downwardAPI: { items } }], ...(defaultMode ? { defaultMode } : {}) },
    }),
  ],
]

const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } }
const limited: PodParts = { container: { resources } }
const ofContainer = (resource: string, divisor?: string): object => ({
  path: 'f',
  resourceFieldRef: { containerName: 'main', resource, ...(divisor ? { divisor } : {}) },
})
const podName = { path: 'f', fieldRef: { fieldPath: 'metadata.name' } }

const values: [words: string, item: object, expected: string][] = [
  ["should provide container's cpu limit", ofContainer('limits.cpu'), '2'],
  ["should provide container's cpu request", ofContainer('requests.cpu', '1m'), '250'],
  ["should provide container's memory limit", ofContainer('limits.memory'), String(64 * 2 ** 20)],
  ["should provide container's memory request", ofContainer('requests.memory'), String(32 * 2 ** 20)],
]

describe.concurrent.each(families)('%s', (name, volume) => {
  const title = (words: string): string => `[sig-storage] ${name} ${words} [NodeConformance] [Conformance]`

  for (const [words, item, expected] of values)
    test(title(words), async ({ expect }) => {
      expect(await pods.output('cat /v/d/f', { d: volume([item]) }, limited)).toBe(expected)
    })

  for (const [resource, field, divisor] of [
    ['cpu', 'limits.cpu', 1],
    ['memory', 'limits.memory', 1],
  ] as const)
    test(
      title(`should provide node allocatable (${resource}) as default ${resource} limit if the limit is not set`),
      async ({ expect }) => {
        const text = await pods.output('cat /v/d/f', { d: volume([ofContainer(field)]) })
        const { items } = await pods.api.get('/api/v1/nodes')
        const [node] = items
        const allocatable = String(node.status.allocatable[resource])
        const expected =
          resource === 'cpu'
            ? Math.ceil(allocatable.endsWith('m') ? Number.parseInt(allocatable, 10) / 1_000 : Number(allocatable))
            : Number.parseInt(allocatable, 10) * 1_024
        expect(Number(text) / divisor).toBe(expected)
      },
    )

  test(title('should provide podname only'), async ({ expect }) => {
    const metadata = { name: `name-${name.slice(0, 4).toLowerCase()}` }
    expect(await pods.output('cat /v/d/f', { d: volume([podName]) }, { metadata })).toBe(metadata.name)
  })

  test(title('should set DefaultMode on files [LinuxOnly]'), async ({ expect }) => {
    expect(await pods.output('stat -L -c %a /v/d/f', { d: volume([podName], 0o400) })).toBe('400\n')
  })

  test(title('should set mode on item file [LinuxOnly]'), async ({ expect }) => {
    expect(await pods.output('stat -L -c %a /v/d/f', { d: volume([{ ...podName, mode: 0o400 }]) })).toBe('400\n')
  })

  for (const field of ['labels', 'annotations'] as const)
    test(title(`should update ${field} on modification`), async () => {
      const items = [{ path: 'f', fieldRef: { fieldPath: `metadata.${field}` } }]
      const metadata = { name: `${field}-${name.slice(0, 4).toLowerCase()}`, [field]: { tide: 'low' } }
      const pod = await pods.repeat('cat /v/d/f; echo', { d: volume(items) }, { metadata })
      await pods.logHolds(pod, 'tide="low"')
      await pods.api.patch(`${pods.core}/pods/${pod}`, { metadata: { [field]: { tide: 'high' } } })
      await pods.logHolds(pod, 'tide="high"')
    })
})
