import { describe, expect, it } from 'vitest'
import type { ResourceQuota } from './generated/types.ts'
import type { KubeObject } from './object.ts'
import { isInScope, usageOf } from './quota.ts'

const pods = { group: '', plural: 'pods' }
const claims = { group: '', plural: 'persistentvolumeclaims' }
const services = { group: '', plural: 'services' }
const deviceClaims = { group: 'resource.k8s.io', plural: 'resourceclaims' }

const pod = (spec: object = {}, more: object = {}): KubeObject =>
  ({ metadata: {}, spec: { containers: [{ name: 'c' }], ...spec }, ...more }) as KubeObject
const requests = (cpu: string) => ({ containers: [{ name: 'c', resources: { requests: { cpu } } }] })
const claim = (spec: object, status?: object): KubeObject => ({ metadata: {}, spec, status }) as KubeObject

/** A quota with the scope, in either form. */
const quotasOf = (scopeName: string): ResourceQuota[] => [
  { metadata: {}, spec: { scopes: [scopeName] } },
  { metadata: {}, spec: { scopeSelector: { matchExpressions: [{ scopeName, operator: 'Exists' }] } } },
]
const selecting = (scopeName: string, operator: string, ...values: string[]): ResourceQuota => ({
  metadata: {},
  spec: { scopeSelector: { matchExpressions: [{ scopeName, operator, values }] } },
})

describe('a scope, in a list or a selector,', () => {
  const foreign = {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaces: ['x'], topologyKey: 'z' }] },
  }
  it.each([
    ['BestEffort', pod(), pod(requests('1m'))],
    ['NotBestEffort', pod(requests('1m')), pod()],
    ['Terminating', pod({ activeDeadlineSeconds: 0 }), pod()],
    ['NotTerminating', pod(), pod({ activeDeadlineSeconds: 60 })],
    ['PriorityClass', pod({ priorityClassName: 'high' }), pod()],
    ['CrossNamespacePodAffinity', pod({ affinity: foreign }), pod({ affinity: { podAffinity: {} } })],
  ])('%s tells pods apart', (scope, inside, outside) => {
    for (const quota of quotasOf(scope)) {
      expect(isInScope(quota, pods, inside)).toBe(true)
      expect(isInScope(quota, pods, outside)).toBe(false)
      expect(isInScope(quota, services, inside)).toBe(false)
      expect(isInScope(quota, { group: 'example.com', plural: 'pods' }, inside)).toBe(false)
    }
  })

  it('has to hold beside all others', () => {
    const quota = { metadata: {}, spec: { scopes: ['NotBestEffort', 'Terminating'] } }
    expect(isInScope(quota, pods, pod({ ...requests('1m'), activeDeadlineSeconds: 1 }))).toBe(true)
    expect(isInScope(quota, pods, pod({ activeDeadlineSeconds: 1 }))).toBe(false)
  })

  it.each([
    ['In', true, false, false],
    ['NotIn', false, true, true],
    ['Exists', true, true, false],
    ['DoesNotExist', false, false, true],
  ])('selects names by %s', (operator, listed, other, none) => {
    const values = operator.endsWith('In') ? ['a', 'b'] : []
    const priority = selecting('PriorityClass', operator, ...values)
    const inPriority = (spec: object) => isInScope(priority, pods, pod(spec))
    expect([inPriority({ priorityClassName: 'a' }), inPriority({ priorityClassName: 'z' }), inPriority({})]).toEqual([
      listed,
      other,
      none,
    ])
    const attributes = selecting('VolumeAttributesClass', operator, ...values)
    const inAttributes = (spec: object) => isInScope(attributes, claims, claim(spec))
    expect([
      inAttributes({ volumeAttributesClassName: 'a' }),
      inAttributes({ volumeAttributesClassName: 'z' }),
      inAttributes({}),
    ]).toEqual([listed, other, none])
  })

  it('of attributes of volumes counts the class that a claim leaves, and the one it changes to', () => {
    const fast = selecting('VolumeAttributesClass', 'In', 'fast')
    const changing = (status: object) => isInScope(fast, claims, claim({ volumeAttributesClassName: 'slow' }, status))
    expect(changing({ currentVolumeAttributesClassName: 'fast' })).toBe(true)
    expect(changing({ modifyVolumeStatus: { targetVolumeAttributesClassName: 'fast' } })).toBe(true)
    expect(changing({})).toBe(false)
    expect(isInScope(fast, pods, pod())).toBe(false)
  })
})

describe('the usage', () => {
  it('of a pod that has ended, or should have, is its object', () => {
    const now = Date.parse('2026-01-01T12:00:00Z')
    const going = (deletionTimestamp: string): KubeObject =>
      pod(requests('1'), { metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } })
    expect(usageOf(pods, pod(requests('1'), { status: { phase: 'Failed' } }), now)).toEqual({ 'count/pods': '1' })
    expect(usageOf(pods, going('2026-01-01T11:59:00Z'), now)).toEqual({ 'count/pods': '1' })
    expect(usageOf(pods, going('2026-01-01T11:59:30Z'), now)).toMatchObject({ pods: '1', cpu: '1' })
  })

  it('of a claim is what its expansion has allocated', () => {
    const asked = { resources: { requests: { storage: '1Gi' } }, storageClassName: 'fast' }
    expect(usageOf(claims, claim(asked, { allocatedResources: { storage: '2Gi' } }))).toEqual({
      'count/persistentvolumeclaims': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '2Gi',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
    })
  })

  it('of a claim of devices is the most of each class that it may hold', () => {
    const device = (deviceClassName: string, more: object = {}) => ({ deviceClassName, ...more })
    const spec = {
      devices: {
        requests: [
          { name: 'a', exactly: device('gpu', { count: 2 }) },
          { name: 'b', firstAvailable: [device('gpu', { count: 3 }), device('nic'), device('gpu', { count: 1 })] },
          { name: 'c', exactly: device('disk', { allocationMode: 'All' }) },
        ],
      },
    }
    expect(usageOf(deviceClaims, claim(spec))).toEqual({
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': '5',
      'nic.deviceclass.resource.k8s.io/devices': '1',
      'disk.deviceclass.resource.k8s.io/devices': '32',
    })
  })

  it('of a custom resource is its object', () => {
    expect(usageOf({ group: 'example.com', plural: 'tops' }, pod())).toEqual({ 'count/tops.example.com': '1' })
  })
})
