import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  namespaces,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  deviceClasses,
} from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { deviceAccess } from '../../admission/device-access.ts'
import { kinds } from '../index.ts'

/** What Kubernetes refuses of the kinds of resource.k8s.io, in its words. */

let api: TestApiServer
beforeAll(async () => {
  const authorizer = { authorize: () => ({ allowed: true }) }
  api = await startApiServer({ kinds, admission: [deviceAccess({ authorizer })] })
  await api.client.create(namespaces, {
    metadata: { name: 'admins', labels: { 'resource.kubernetes.io/admin-access': 'true' } },
  })
})
afterAll(() => api.stop())

const exactly = { deviceClassName: 'gpu' }
const claim = (devices: object, namespace = 'default'): never =>
  ({ metadata: { name: 'c', namespace }, spec: { devices } }) as never

describe('a ResourceClaim', () => {
  it.each([
    [
      'neither form',
      { name: 'r' },
      'requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    ],
    [
      'both forms',
      { name: 'r', exactly, firstAvailable: [{ name: 's', deviceClassName: 'gpu' }] },
      'requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    ],
    ['a name that is none', { name: 'R', exactly }, 'requests[0].name: Invalid value: "R"'],
    ['no class', { name: 'r', exactly: {} }, 'exactly.deviceClassName: Required value'],
    [
      'a count below nothing',
      { name: 'r', exactly: { ...exactly, count: -1 } },
      'exactly.count: Invalid value: -1: must be greater than zero',
    ],
    [
      'a count of all',
      { name: 'r', exactly: { ...exactly, allocationMode: 'All', count: 2 } },
      "exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
    ],
    [
      'another mode',
      { name: 'r', exactly: { ...exactly, allocationMode: 'Some' } },
      'exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
    ],
    [
      'an expression that is no bool',
      { name: 'r', exactly: { ...exactly, selectors: [{ cel: { expression: 'device.driver' } }] } },
      'exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string',
    ],
    [
      'a toleration of everything with a value',
      { name: 'r', exactly: { ...exactly, tolerations: [{ operator: 'Exists', value: 'x' }] } },
      'tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`',
    ],
  ])('is refused with %s', async (_, request, message) => {
    await expect(api.client.create(resourceClaims, claim({ requests: [request] }))).rejects.toThrow(message)
  })

  it.each([
    ['a constraint of nothing', { constraints: [{}] }, 'constraints[0]: Required value: exactly one of'],
    [
      'an attribute without a domain',
      { constraints: [{ matchAttribute: 'a' }] },
      'a fully qualified name must be a domain and a name',
    ],
    [
      'a constraint on an unknown request',
      { constraints: [{ requests: ['x'], matchAttribute: 'a.b/c' }] },
      'must be the name of a request in the claim',
    ],
    ['configuration of nothing', { config: [{}] }, 'config[0].opaque: Required value'],
    [
      'parameters that are no object',
      { config: [{ opaque: { driver: 'd', parameters: [] } }] },
      'must be a valid JSON object',
    ],
  ])('is refused with %s', async (_, rest, message) => {
    const devices = { requests: [{ name: 'r', exactly }], ...rest }
    await expect(api.client.create(resourceClaims, claim(devices))).rejects.toThrow(message)
  })

  it('asks for one device unless it says otherwise, and its spec is immutable', async () => {
    const created = await api.client.create(resourceClaims, claim({ requests: [{ name: 'r', exactly }] }))
    expect(created.spec.devices?.requests?.[0]?.exactly).toMatchObject({ allocationMode: 'ExactCount', count: 1 })
    expect(created.metadata.generation).toBeUndefined()
    const changed = { ...created, spec: { devices: {} } }
    await expect(api.client.update(resourceClaims, changed)).rejects.toThrow('field is immutable')
    await api.client.delete(resourceClaims, { namespace: 'default', name: 'c' })
  })

  it("gives administrators' access only in a namespace with the label", async () => {
    const devices = { requests: [{ name: 'r', exactly: { ...exactly, adminAccess: true } }] }
    await expect(api.client.create(resourceClaims, claim(devices))).rejects.toThrow(
      'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
    )
    await api.client.create(resourceClaims, claim(devices, 'admins'))
  })

  it('has a status that is consistent', async () => {
    await api.client.create(resourceClaims, claim({ requests: [{ name: 'r', exactly }] }))
    const patch = (status: object): Promise<unknown> =>
      api.client.patch(
        resourceClaims,
        { namespace: 'default', name: 'c' },
        { type: 'merge', body: { status } },
        { subresource: 'status' },
      )
    const result = { request: 'r', driver: 'd.example.com', pool: 'p', device: 'gpu-0' }
    const consumer = { resource: 'pods', name: 'p', uid: 'u' }
    await expect(patch({ reservedFor: [consumer] })).rejects.toThrow('may not be specified when `allocated` is not set')
    await expect(patch({ allocation: { devices: { results: [{ ...result, request: 'x' }] } } })).rejects.toThrow(
      'results[0].request: Invalid value: "x": must be the name of a request in the claim',
    )
    await patch({ allocation: { devices: { results: [result] } }, reservedFor: [consumer] })
    await expect(patch({ allocation: { devices: { results: [] } } })).rejects.toThrow('field is immutable')
    const many = Array.from({ length: 257 }, (_, i) => ({ ...consumer, uid: String(i) }))
    await expect(patch({ reservedFor: many })).rejects.toThrow('Too many: 257: must have at most 256 items')
    await expect(patch({ devices: [{ ...result, device: 'gpu-1' }] })).rejects.toThrow(
      'must be an allocated device in the claim',
    )
    await patch({ devices: [{ driver: 'd.example.com', pool: 'p', device: 'gpu-0', data: { a: 1 } }] })
  })
})

describe('a ResourceClaimTemplate', () => {
  it('may set labels and annotations only', async () => {
    const template = {
      metadata: { name: 't', namespace: 'default' },
      spec: { metadata: { name: 'x' }, spec: { devices: { requests: [{ name: 'r', exactly }] } } },
    }
    await expect(api.client.create(resourceClaimTemplates, template)).rejects.toThrow(
      'spec.metadata.name: Forbidden: cannot be set',
    )
  })
})

describe('a DeviceClass', () => {
  it('serves extended resources only', async () => {
    const named = (extendedResourceName: string): never =>
      ({ metadata: { name: 'gpu' }, spec: { extendedResourceName } }) as never
    await expect(api.client.create(deviceClasses, named('cpu'))).rejects.toThrow(
      'must be a valid extended resource name',
    )
    await api.client.create(deviceClasses, named('example.com/gpu'))
  })
})

describe('a ResourceSlice', () => {
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
  const slice = (spec: object): never =>
    ({ metadata: { name: 's' }, spec: { driver: 'd.example.com', nodeName: 'n', pool, ...spec } }) as never
  const device = (rest: object): object => ({ devices: [{ name: 'gpu-0', ...rest }] })

  it.each([
    [
      'nowhere',
      { nodeName: undefined },
      'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
    ],
    ['in two ways', { allNodes: true }, 'spec: Invalid value: "{`nodeName`, `allNodes`}"'],
    [
      'with an empty pool',
      { pool: { ...pool, resourceSliceCount: 0 } },
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
    ],
    ['with one device twice', { devices: [{ name: 'a' }, { name: 'a' }] }, 'spec.devices[1]: Duplicate value: "a"'],
    [
      'with 129 devices',
      { devices: Array.from({ length: 129 }, (_, i) => ({ name: `d${i}` })) },
      'Too many: 129: must have at most 128 items',
    ],
    [
      'with an attribute of two types',
      device({ attributes: { a: { int: 1, bool: true } } }),
      'exactly one value must be specified',
    ],
    [
      'with a version that is none',
      device({ attributes: { a: { version: '1' } } }),
      'must be a string compatible with semver.org spec 2.0.0',
    ],
    [
      'with an attribute that is no identifier',
      device({ attributes: { 'a-b': { int: 1 } } }),
      'a valid C identifier must start with',
    ],
    [
      'with a policy for what is not shared',
      device({ capacity: { m: { value: '1', requestPolicy: {} } } }),
      'requestPolicy: Forbidden: allowMultipleAllocations must be true',
    ],
    [
      'with a default below the least',
      device({
        allowMultipleAllocations: true,
        capacity: { m: { value: '8', requestPolicy: { default: '1', validRange: { min: '2' } } } },
      }),
      'validRange.min: Invalid value: "1": default is less than min: 2',
    ],
    ['with a taint without effect', device({ taints: [{ key: 'k' }] }), 'taints[0].effect: Required value'],
    [
      'with a device on a node of its own',
      device({ nodeName: 'x' }),
      'can only be set if `perDeviceNodeSelection` is set to true',
    ],
  ])('is refused %s', async (_, spec, message) => {
    await expect(api.client.create(resourceSlices, slice(spec))).rejects.toThrow(message)
  })

  it('keeps its driver, pool and node; a taint has a time', async () => {
    const created = await api.client.create(
      resourceSlices,
      slice(device({ taints: [{ key: 'k', effect: 'NoSchedule' }] })),
    )
    expect(created.spec.devices?.[0]?.taints?.[0]?.timeAdded).toMatch(/^\d{4}-/)
    const moved = { ...created, spec: { ...created.spec, nodeName: 'other' } }
    await expect(api.client.update(resourceSlices, moved)).rejects.toThrow(
      'spec.nodeName: Invalid value: "other": field is immutable',
    )
    const { items } = await api.client.list(resourceSlices, {
      fieldSelector: 'spec.nodeName=n,spec.driver=d.example.com',
    })
    expect(items).toHaveLength(1)
  })
})
