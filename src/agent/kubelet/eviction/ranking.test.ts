import { describe, expect, test } from 'vitest'
import type { Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { StarvedResource } from './decide.ts'
import { evictionNotice } from './message.ts'
import { rank, type Candidate, type Use } from './ranking.ts'

const use = (given: Partial<Use> = {}): Use => ({ memory: 0, disk: { bytes: 0, inodes: 0 }, pids: 0, ...given })
const podOf = (name: string, requests: Record<string, string>, spec: Partial<PodSpec> = {}): Stored<Pod> => ({
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '1' },
  spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
})
const candidate = (
  name: string,
  used: Partial<Use> | undefined,
  requests: Record<string, string> = {},
  spec: Partial<PodSpec> = {},
): Candidate => ({
  pod: podOf(name, requests, spec),
  ...(used ? { use: { ...use(used), containers: [{ name: 'c', ...use(used) }] } } : {}),
})
const order = (candidates: Candidate[], resource: StarvedResource): string =>
  rank(candidates, resource)
    .map(({ pod }) => pod.metadata.name)
    .join(' ')

describe('evicted first is', () => {
  test('who uses more memory than requested, then who matters less, then who uses most beyond the request', () => {
    const candidates = [
      candidate('within', { memory: 900 }, { memory: '1000' }),
      candidate('important', { memory: 900 }, {}, { priority: 100 }),
      candidate('small', { memory: 50 }),
      candidate('large', { memory: 500 }, { memory: '100' }),
      candidate('unmeasured', undefined),
    ]
    expect(order(candidates, 'memory')).toBe('unmeasured large small important within')
  })

  test('who has most processes, among those who matter least', () => {
    const candidates = [
      candidate('few', { pids: 1 }),
      candidate('many', { pids: 99 }),
      candidate('important', { pids: 999 }, {}, { priority: 1 }),
    ]
    expect(order(candidates, 'pids')).toBe('many few important')
  })

  test('who takes most of the disk, or most inodes', () => {
    const candidates = [
      candidate('bytes', { disk: { bytes: 100, inodes: 1 } }),
      candidate('files', { disk: { bytes: 1, inodes: 100 } }),
    ]
    expect(order(candidates, 'ephemeral-storage')).toBe('bytes files')
    expect(order(candidates, 'inodes')).toBe('files bytes')
  })
})

describe('the pod is told', () => {
  test('what was short, and which containers used more than they requested', () => {
    const hog = candidate('hog', { memory: 3 * 2 ** 20 }, { memory: '1Mi' })
    const due = [{ signal: 'memory.available', value: { quantity: '100Mi' }, graceMs: 0 }] as const
    const observed = new Map([['memory.available', { available: 50 * 2 ** 20, capacity: 2 ** 30 }]] as const)
    expect(evictionNotice(hog, 'memory', due, observed)).toEqual({
      message:
        'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 3Mi, request is 1Mi, has larger consumption of memory. ',
      annotations: { offending_containers: 'c', offending_containers_usage: '3Mi', starved_resource: 'memory' },
    })
  })

  test('of a pod with a request of its own, what the pod used', () => {
    const hog = candidate('hog', { memory: 3 * 2 ** 20 }, {}, { resources: { requests: { memory: '1Mi' } } })
    const { message, annotations } = evictionNotice(hog, 'memory', [], new Map())
    expect(message).toContain('Pod hog was using 3Mi, request is 1Mi, has larger consumption of memory. ')
    expect(annotations).toMatchObject({ offending_pod: 'hog', offending_pod_usage: '3Mi' })
  })

  test('of inodes, no containers', () => {
    const due = [{ signal: 'nodefs.inodesFree', value: { share: 0.05 }, graceMs: 0 }] as const
    const observed = new Map([['nodefs.inodesFree', { available: 40, capacity: 1_000 }]] as const)
    const { message } = evictionNotice(candidate('p', { disk: { bytes: 1, inodes: 9 } }), 'inodes', due, observed)
    expect(message).toBe('The node was low on resource: inodes. Threshold quantity: 50, available: 40. ')
  })
})
