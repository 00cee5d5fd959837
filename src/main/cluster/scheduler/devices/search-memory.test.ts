import { expect, it, vi } from 'vitest'
import type {
  AllocationResult,
  DeviceClass,
  ResourceResourceClaim,
  ResourceSlice,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { informerOf, node } from '../scheduler.fixture.ts'
import { Allocator } from './allocator.ts'
import { DeviceLedger } from './ledger.ts'
import { wantedOf } from './requests.ts'
import { SearchMemory } from './search-memory.ts'
import { Selectors } from './selectors.ts'

const stored = <T extends KubeObject>(name: string, rest: object, resourceVersion = '1'): Stored<T> =>
  ({ metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion }, ...rest }) as never

const sliceOf = (nodeName: string, count: number): Stored<ResourceSlice> =>
  stored(`slice-${nodeName}`, {
    spec: {
      driver: 'gpu.example.com',
      nodeName,
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: count }, (_, i) => ({ name: `gpu-${i}` })),
    },
  })

/** A scheduler's view of two nodes with two devices each, and a selector that tells when it is evaluated. */
function world() {
  const silent: never = { ...informerOf(), onChange: () => undefined } as never
  const ledger = new DeviceLedger({ resourceSlices: silent, resourceClaims: silent })
  for (const name of ['n1', 'n2']) ledger.slices.set(sliceOf(name, 2))
  const isTaken = vi.spyOn(ledger, 'isTaken')
  const selectors = new Selectors(() => () => true)
  const memory = new SearchMemory()
  /** @returns devices found, `none`, and whether the node's devices were looked at */
  const search = (name: string, { on = 'n1', count = 1, classVersion = '1' } = {}) => {
    const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count }
    const claim = stored<ResourceResourceClaim>(name, { spec: { devices: { requests: [{ name: 'r', exactly }] } } })
    const claims = [wantedOf(claim, () => stored<DeviceClass>('gpu', { spec: {} }, classVersion))]
    isTaken.mockClear()
    const found = new Allocator({ claims, slices: ledger.slices, allocated: ledger, selectors, memory })
      .allocate(node(on))
      ?.allocations()[0]
    return { found, devices: devicesOf(found), isSearched: isTaken.mock.calls.length > 0 }
  }
  return { ledger, search }
}

const devicesOf = (allocation: AllocationResult | undefined): string =>
  allocation?.devices?.results?.map(({ device }) => device).join(' ') ?? 'none'

it('searches a node once for claims that want the same', () => {
  const { search } = world()
  expect(search('a')).toMatchObject({ devices: 'gpu-0', isSearched: true })
  expect(search('b')).toMatchObject({ devices: 'gpu-0', isSearched: false })
  expect(search('c', { count: 3 })).toMatchObject({ devices: 'none', isSearched: false })
  expect(search('d', { count: 2 })).toMatchObject({ devices: 'gpu-0 gpu-1', isSearched: true })
  expect(search('e', { classVersion: '2' })).toMatchObject({ devices: 'gpu-0', isSearched: true })
})

it('searches anew the node whose devices are allocated or released', () => {
  const { ledger, search } = world()
  search('a', { on: 'n2' })
  for (const [claim, expected] of [
    ['a', 'gpu-0'],
    ['b', 'gpu-1'],
  ] as const) {
    const { found, devices } = search(claim)
    expect(devices).toBe(expected)
    if (found) ledger.reserve(`uid-${claim}`, found)
  }
  expect(search('c')).toMatchObject({ devices: 'none' })
  expect(search('d', { on: 'n2' })).toMatchObject({ devices: 'gpu-0', isSearched: false })
  ledger.settle('uid-a')
  expect(search('c')).toMatchObject({ devices: 'gpu-0', isSearched: true })
})

it('searches anew where the slice of a node has changed', () => {
  const { ledger, search } = world()
  expect(search('a', { count: 3 })).toMatchObject({ devices: 'none' })
  ledger.slices.set(sliceOf('n1', 3))
  expect(search('a', { count: 3 })).toMatchObject({ devices: 'gpu-0 gpu-1 gpu-2' })
})
