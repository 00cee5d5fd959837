import { expect, it } from 'vitest'
import type { Pod, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { createTriggerTimes, withTriggerTime } from './trigger-times.ts'

const at = (second: number): string => `2026-01-01T00:00:0${second}Z`
const service = (created: number): Stored<Service> =>
  stored({ metadata: { name: 'web', namespace: 'default', creationTimestamp: at(created) } })
const pod = (name: string, second?: number): Pod => ({
  metadata: { name, namespace: 'default' },
  status:
    second === undefined ? {} : { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(second) }] },
})

it('counts from the creation of a Service that is new', () => {
  expect(createTriggerTimes().next(service(3), [pod('a', 1)])).toBe(at(3))
})

it('names the oldest of the changes since the last time', () => {
  const times = createTriggerTimes()
  times.next(service(1), [pod('a', 2), pod('silent')])
  expect(times.next(service(1), [pod('a', 2), pod('b', 5), pod('c', 4)])).toBe(at(4))
  expect(times.next(service(1), [pod('a', 6), pod('b', 5), pod('c', 4)])).toBe(at(6))
})

it('knows no time of a pod that went, or whose readiness is as it was', () => {
  const times = createTriggerTimes()
  times.next(service(1), [pod('a', 2), pod('b', 2)])
  expect(times.next(service(1), [pod('a', 2)])).toBeUndefined()
  times.forget('default/web')
  expect(times.next(service(1), [pod('a', 2)])).toBe(at(1))
})

it('replaces the annotation, and takes it away where there is no time', () => {
  const metadata = withTriggerTime({ name: 'web', annotations: { mine: '1' } }, at(1))
  expect(metadata.annotations).toEqual({ mine: '1', 'endpoints.kubernetes.io/last-change-trigger-time': at(1) })
  expect(withTriggerTime(metadata, undefined).annotations).toEqual({ mine: '1' })
  expect(withTriggerTime({ name: 'web' }, undefined)).toEqual({ name: 'web' })
})
