import { describe, expect, it } from 'vitest'
import { compileDeviceSelector } from '#test/support/device-selectors.ts'
import type {
  AllocationResult,
  Device,
  DeviceClass,
  DeviceClaim,
  DeviceRequestAllocationResult,
  ExactDeviceRequest,
  ResourceSliceSpec,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { informerOf, node as nodeOf } from '../scheduler.fixture.ts'
import { Allocator } from './allocator.ts'
import { DeviceLedger } from './ledger.ts'
import { wantedOf } from './requests.ts'
import { Selectors } from './selectors.ts'

/** Which devices claims get, told as `request=device`. */

const stored = <T extends KubeObject>(name: string, rest: object): Stored<T> =>
  ({ metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1' }, ...rest }) as never

const gpus = (count: number, rest: (i: number) => Partial<Device> = () => ({})): Device[] =>
  Array.from({ length: count }, (_, i) => ({ name: `gpu-${i}`, ...rest(i) }))

const slice = (devices: Device[], rest: Partial<ResourceSliceSpec> = {}): Partial<ResourceSliceSpec> => ({
  driver: 'gpu.example.com',
  nodeName: 'n1',
  pool: { name: 'n1', generation: 1, resourceSliceCount: 1 },
  devices,
  ...rest,
})

const request = (name: string, exactly: Partial<ExactDeviceRequest> = {}): object => ({
  name,
  exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...exactly },
})

const cel = (expression: string): { cel: { expression: string } }[] => [{ cel: { expression } }]

interface World {
  slices: Partial<ResourceSliceSpec>[]
  /** Specs of the claims of one pod. */
  claims: object[]
  /** What other claims have. */
  taken?: Partial<DeviceRequestAllocationResult>[]
  classes?: Record<string, DeviceClass['spec']>
  labels?: Record<string, string>
}

function allocate(
  { slices, claims, taken = [], classes = {}, labels = {} }: World,
  on = 'n1',
): AllocationResult[] | undefined {
  const results = taken.map((each) => ({ driver: 'gpu.example.com', pool: 'n1', request: 'r', ...each }))
  const watched = (objects: object[]): never =>
    ({
      ...informerOf(),
      onChange: (handler: { added(object: object): void }) => objects.forEach((each) => handler.added(each)),
    }) as never
  const ledger = new DeviceLedger({
    resourceSlices: watched(slices.map((spec, i) => stored(`slice-${i}`, { spec }))),
    resourceClaims: watched([stored('other', { spec: {}, status: { allocation: { devices: { results } } } })]),
  })
  const known: Record<string, DeviceClass['spec']> = { gpu: {}, ...classes }
  const classOf = (name: string): Stored<DeviceClass> | undefined =>
    known[name] ? stored<DeviceClass>(name, { spec: known[name] }) : undefined
  const wanted = claims.map((devices, i) => wantedOf(stored(`claim-${i}`, { spec: { devices } }), classOf))
  const selectors = new Selectors(compileDeviceSelector)
  const allocator = new Allocator({ claims: wanted, slices: ledger.slices, allocated: ledger, selectors })
  return allocator.allocate(nodeOf(on, { labels }))?.allocations()
}

const told = (allocations: AllocationResult[] | undefined): string =>
  allocations
    ?.map(({ devices }) => devices?.results?.map((each) => `${each.request}=${each.device}`).join(' '))
    .join('; ') ?? 'none'

const one = (...requests: object[]): DeviceClaim => ({ requests }) as DeviceClaim

describe('devices for claims', () => {
  it.each<[string, World, string]>([
    [
      'the first free device',
      { slices: [slice(gpus(2))], claims: [one(request('r'))], taken: [{ device: 'gpu-0' }] },
      'r=gpu-1',
    ],
    [
      'nothing where all are taken',
      { slices: [slice(gpus(1))], claims: [one(request('r'))], taken: [{ device: 'gpu-0' }] },
      'none',
    ],
    [
      'as many as it asks for',
      { slices: [slice(gpus(3))], claims: [one(request('r', { count: 2 }))] },
      'r=gpu-0 r=gpu-1',
    ],
    ['nothing rather than fewer', { slices: [slice(gpus(1))], claims: [one(request('r', { count: 2 }))] }, 'none'],
    [
      'different ones for two claims',
      { slices: [slice(gpus(2))], claims: [one(request('a')), one(request('b'))] },
      'a=gpu-0; b=gpu-1',
    ],
    [
      'nothing where two claims want one device',
      { slices: [slice(gpus(1))], claims: [one(request('a')), one(request('b'))] },
      'none',
    ],
    [
      'all that match',
      {
        slices: [slice(gpus(3))],
        claims: [
          one(
            request('r', {
              allocationMode: 'All',
              selectors: cel('device.attributes["gpu.example.com"].?x.orValue(true)'),
            }),
          ),
        ],
      },
      'r=gpu-0 r=gpu-1 r=gpu-2',
    ],
    [
      'not all where one is taken',
      {
        slices: [slice(gpus(2))],
        claims: [one(request('r', { allocationMode: 'All' }))],
        taken: [{ device: 'gpu-1' }],
      },
      'none',
    ],
    [
      'nothing as all of nothing',
      { slices: [slice([])], claims: [one(request('r', { allocationMode: 'All' }))] },
      'none',
    ],
    [
      'those that its selectors match',
      {
        slices: [
          slice(gpus(3, (i) => ({ attributes: { index: { int: i } }, capacity: { memory: { value: `${i}Gi` } } }))),
        ],
        claims: [
          one(
            request('r', {
              selectors: cel(
                'device.attributes["gpu.example.com"].index > 0 && device.capacity["gpu.example.com"].memory.compareTo(quantity("2Gi")) >= 0',
              ),
            }),
          ),
        ],
      },
      'r=gpu-2',
    ],
    [
      'those of its class',
      {
        slices: [slice(gpus(2))],
        claims: [one(request('r', { deviceClassName: 'other' }))],
        classes: { other: { selectors: cel('device.driver == "other.example.com"') } },
      },
      'none',
    ],
    [
      'another device where a later request needs the first',
      {
        slices: [slice(gpus(2, (i) => ({ attributes: { big: { bool: i === 0 } } })))],
        claims: [one(request('any'), request('big', { selectors: cel('device.attributes["gpu.example.com"].big') }))],
      },
      'any=gpu-1 big=gpu-0',
    ],
    [
      'devices of one value',
      {
        slices: [slice(gpus(4, (i) => ({ attributes: { numa: { int: i === 0 ? 0 : 1 } } })))],
        claims: [{ ...one(request('r', { count: 2 })), constraints: [{ matchAttribute: 'gpu.example.com/numa' }] }],
      },
      'r=gpu-1 r=gpu-2',
    ],
    [
      'nothing where the attribute to match is missing',
      {
        slices: [slice(gpus(2))],
        claims: [{ ...one(request('r', { count: 2 })), constraints: [{ matchAttribute: 'gpu.example.com/numa' }] }],
      },
      'none',
    ],
    [
      'devices of different values',
      {
        slices: [slice(gpus(4, (i) => ({ attributes: { board: { int: Math.floor(i / 2) } } })))],
        claims: [{ ...one(request('r', { count: 2 })), constraints: [{ distinctAttribute: 'gpu.example.com/board' }] }],
      },
      'r=gpu-0 r=gpu-2',
    ],
    [
      'a constraint on some requests only',
      {
        slices: [slice(gpus(3, (i) => ({ attributes: { numa: { int: i } } })))],
        claims: [
          {
            ...one(request('a'), request('b')),
            constraints: [{ requests: ['a'], matchAttribute: 'gpu.example.com/numa' }],
          },
        ],
      },
      'a=gpu-0 b=gpu-1',
    ],
    [
      'the first alternative that can be had',
      {
        slices: [slice(gpus(2))],
        claims: [
          one({
            name: 'r',
            firstAvailable: [
              { name: 'many', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 4 },
              { name: 'few', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 },
            ],
          }),
        ],
      },
      'r/few=gpu-0',
    ],
    [
      'a device in use, with administrators’ access',
      { slices: [slice(gpus(1))], claims: [one(request('r', { adminAccess: true }))], taken: [{ device: 'gpu-0' }] },
      'r=gpu-0',
    ],
    [
      'a device that only an administrator has',
      { slices: [slice(gpus(1))], claims: [one(request('r'))], taken: [{ device: 'gpu-0', adminAccess: true }] },
      'r=gpu-0',
    ],
    [
      'no tainted device',
      {
        slices: [slice(gpus(2, (i) => (i === 0 ? { taints: [{ key: 'k', effect: 'NoSchedule' }] } : {})))],
        claims: [one(request('r'))],
      },
      'r=gpu-1',
    ],
    [
      'a tainted device that it tolerates',
      {
        slices: [slice(gpus(1, () => ({ taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] })))],
        claims: [one(request('r', { tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] }))],
      },
      'r=gpu-0',
    ],
    ['nothing of another node', { slices: [slice(gpus(1), { nodeName: 'n2' })], claims: [one(request('r'))] }, 'none'],
    [
      'nothing of an incomplete pool',
      {
        slices: [slice(gpus(1), { pool: { name: 'n1', generation: 1, resourceSliceCount: 2 } })],
        claims: [one(request('r'))],
      },
      'none',
    ],
    [
      'the newest generation only',
      {
        slices: [
          slice(gpus(2)),
          slice([{ name: 'new' }], { pool: { name: 'n1', generation: 2, resourceSliceCount: 1 } }),
        ],
        claims: [one(request('r'))],
      },
      'r=new',
    ],
    [
      'a device of all nodes',
      { slices: [{ ...slice(gpus(1)), nodeName: '', allNodes: true }], claims: [one(request('r'))] },
      'r=gpu-0',
    ],
    [
      'a device of selected nodes',
      {
        slices: [
          {
            ...slice(gpus(1)),
            nodeName: '',
            nodeSelector: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
            },
          },
        ],
        claims: [one(request('r'))],
        labels: { zone: 'a' },
      },
      'r=gpu-0',
    ],
    [
      'its node’s devices of a slice that says so of each',
      {
        slices: [
          {
            ...slice([
              { name: 'far', nodeName: 'n2' },
              { name: 'near', nodeName: 'n1' },
            ]),
            nodeName: '',
            perDeviceNodeSelection: true,
          },
        ],
        claims: [one(request('r'))],
      },
      'r=near',
    ],
    [
      'a whole or its parts, as far as their counters go',
      {
        slices: [
          slice([], {
            pool: { name: 'n1', generation: 1, resourceSliceCount: 2 },
            sharedCounters: [{ name: 'gpu', counters: { memory: { value: '40Gi' } } }],
          }),
          slice(
            [
              ['whole', '40Gi'],
              ['half-0', '20Gi'],
              ['half-1', '20Gi'],
              ['half-2', '20Gi'],
            ].map(([name = '', value = '']) => ({
              name,
              consumesCounters: [{ counterSet: 'gpu', counters: { memory: { value } } }],
            })),
            { pool: { name: 'n1', generation: 1, resourceSliceCount: 2 } },
          ),
        ],
        claims: [one(request('r', { count: 1 }))],
        taken: [{ device: 'half-1' }],
      },
      'r=half-0',
    ],
    [
      'nothing where the counters are used up',
      {
        slices: [
          slice([], {
            pool: { name: 'n1', generation: 1, resourceSliceCount: 2 },
            sharedCounters: [{ name: 'gpu', counters: { memory: { value: '40Gi' } } }],
          }),
          slice(
            [
              ['whole', '40Gi'],
              ['half-0', '20Gi'],
            ].map(([name = '', value = '']) => ({
              name,
              consumesCounters: [{ counterSet: 'gpu', counters: { memory: { value } } }],
            })),
            { pool: { name: 'n1', generation: 1, resourceSliceCount: 2 } },
          ),
        ],
        claims: [one(request('r'))],
        taken: [{ device: 'whole' }],
      },
      'none',
    ],
    [
      'a part of a shared device',
      {
        slices: [slice(gpus(1, () => ({ allowMultipleAllocations: true, capacity: { memory: { value: '10Gi' } } })))],
        claims: [one(request('r', { capacity: { requests: { memory: '4Gi' } } }))],
        taken: [{ device: 'gpu-0', shareID: 's', consumedCapacity: { memory: '6Gi' } }],
      },
      'r=gpu-0',
    ],
    [
      'no more of a shared device than is left',
      {
        slices: [slice(gpus(1, () => ({ allowMultipleAllocations: true, capacity: { memory: { value: '10Gi' } } })))],
        claims: [one(request('r', { capacity: { requests: { memory: '5Gi' } } }))],
        taken: [{ device: 'gpu-0', shareID: 's', consumedCapacity: { memory: '6Gi' } }],
      },
      'none',
    ],
    [
      'one shared device twice',
      {
        slices: [slice(gpus(1, () => ({ allowMultipleAllocations: true, capacity: { memory: { value: '10Gi' } } })))],
        claims: [
          one(request('a', { capacity: { requests: { memory: '4Gi' } } })),
          one(request('b', { capacity: { requests: { memory: '4Gi' } } })),
        ],
      },
      'a=gpu-0; b=gpu-0',
    ],
  ])('%s', (_, world, expected) => {
    expect(told(allocate(world))).toBe(expected)
  })

  it('records what a shared device gives, rounded by its policy', () => {
    const requestPolicy = { default: '1Gi', validRange: { min: '1Gi', step: '1Gi' } }
    const [allocation] =
      allocate({
        slices: [
          slice(
            gpus(1, () => ({ allowMultipleAllocations: true, capacity: { memory: { value: '10Gi', requestPolicy } } })),
          ),
        ],
        claims: [one(request('r', { capacity: { requests: { memory: '1500Mi' } } }))],
      }) ?? []
    expect(allocation?.devices?.results?.[0]).toMatchObject({
      consumedCapacity: { memory: '2Gi' },
      shareID: expect.any(String) as string,
    })
  })

  it('gives configuration of classes, then of the claim, each for the requests it is for', () => {
    const opaque = (mode: string): { opaque: { driver: string; parameters: object } } => ({
      opaque: { driver: 'd', parameters: { mode } },
    })
    const [allocation] =
      allocate({
        slices: [slice(gpus(2))],
        classes: { gpu: { config: [opaque('class')] } },
        claims: [{ ...one(request('a'), request('b')), config: [opaque('all'), { requests: ['b'], ...opaque('b') }] }],
      }) ?? []
    expect(allocation?.devices?.config).toEqual([
      { source: 'FromClass', ...opaque('class') },
      { source: 'FromClaim', ...opaque('all') },
      { source: 'FromClaim', requests: ['b'], ...opaque('b') },
    ])
    expect(allocation?.nodeSelector).toEqual({
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
    })
  })

  it.each<[string, World, string]>([
    [
      'all devices of a pool that is being updated',
      {
        slices: [slice(gpus(1), { pool: { name: 'n1', generation: 1, resourceSliceCount: 2 } })],
        claims: [one(request('r', { allocationMode: 'All' }))],
      },
      'claim default/claim-0, request r: asks for all devices, but resource pool gpu.example.com/n1 is currently being updated',
    ],
    [
      'an attribute that a device lacks',
      {
        slices: [slice(gpus(1))],
        claims: [one(request('r', { selectors: cel('device.attributes["gpu.example.com"].x == 1') }))],
      },
      'claim default/claim-0: selector #0 on device gpu.example.com/n1/gpu-0: CEL runtime error: no such key: x',
    ],
    [
      'more than 32 devices',
      { slices: [slice(gpus(1))], claims: [one(request('r', { count: 33 }))] },
      'number of requested devices 33 exceeds the claim limit of 32',
    ],
    [
      'a pool with one name twice',
      { slices: [slice([{ name: 'a' }, { name: 'a' }])], claims: [one(request('r'))] },
      'invalid resource pools were encountered',
    ],
    [
      'more combinations than there is time for',
      {
        slices: [slice(gpus(20, (i) => ({ attributes: { odd: { bool: i % 2 === 1 } } })))],
        claims: [
          one(
            ...Array.from({ length: 11 }, (_, i) =>
              request(`r${i}`, { selectors: cel('device.attributes["gpu.example.com"].odd') }),
            ),
          ),
        ],
      },
      'timed out trying to allocate devices',
    ],
  ])('ends with an error for %s', (_, world, message) => {
    expect(() => allocate(world)).toThrow(message)
  })
})
