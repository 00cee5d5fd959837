import { expect, it } from 'vitest'
import { stored } from '#test/support/stored.ts'
import { silentLog } from '#shared/base/log.ts'
import { alreadyExists } from '#shared/kube/status.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import type { Client, Ref } from './client.ts'
import { createEventRecorder, type EventRecorder } from './event-recorder.ts'

const pod: Stored = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
}

it('writes an Event about the object, in its namespace', async () => {
  const { recorder, created } = setUp()
  recorder.event(pod, 'Warning', 'BackOff', 'Back-off restarting', 'spec.containers{web}')
  await recorder.flush()
  expect(created).toMatchObject([
    {
      metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]+$/) },
      involvedObject: { kind: 'Pod', name: 'web', uid: 'u1', fieldPath: 'spec.containers{web}' },
      type: 'Warning',
      reason: 'BackOff',
      message: 'Back-off restarting',
      source: { component: 'kubelet', host: 'node-1' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
    },
  ])
})

it('takes another name where a recorder of the same millisecond has taken it', async () => {
  const { recorder, created, patched } = setUp({ taken: 2 })
  recorder.event(pod, 'Normal', 'Pulled', 'image present')
  recorder.event(pod, 'Normal', 'Pulled', 'image present')
  await recorder.flush()
  expect([created.length, patched.length]).toEqual([1, 1])
})

it('counts repeats up instead of writing them anew, for ten minutes', async () => {
  const { recorder, created, patched, clock } = setUp()
  for (let turn = 0; turn < 3; turn++) {
    recorder.event(pod, 'Normal', 'Pulled', 'image present')
    await clock.advance(60_000)
  }
  await recorder.flush()
  expect(created).toHaveLength(1)
  expect(patched.at(-1)).toEqual({ count: 3, lastTimestamp: '2026-01-01T00:02:00Z', message: 'image present' })
  await clock.advance(600_000)
  recorder.event(pod, 'Normal', 'Pulled', 'image present')
  await recorder.flush()
  expect(created).toHaveLength(2)
})

it('combines what differs in its message alone, from the tenth message on', async () => {
  const { recorder, created, patched } = setUp()
  for (let turn = 1; turn <= 12; turn++) recorder.event(pod, 'Normal', 'Scaled', `to ${turn}`)
  recorder.event(pod, 'Normal', 'Other', 'reason')
  await recorder.flush()
  const messages = (created as (KubeObject & { message: string })[]).map(({ message }) => message)
  expect(messages.slice(8)).toEqual(['to 9', '(combined from similar events): to 10', 'reason'])
  expect(patched.at(-1)).toMatchObject({ count: 3, message: '(combined from similar events): to 12' })
})

it('forgets similar messages after ten minutes of silence', async () => {
  const { recorder, created, clock } = setUp()
  for (let turn = 1; turn <= 9; turn++) recorder.event(pod, 'Normal', 'Scaled', `to ${turn}`)
  await clock.advance(601_000)
  recorder.event(pod, 'Normal', 'Scaled', 'to 10')
  await recorder.flush()
  expect(created.at(-1)).toMatchObject({ message: 'to 10' })
})

it('cuts off a flood about one object, and lets others speak', async () => {
  const { recorder, created, clock } = setUp({ combine: false })
  for (let turn = 0; turn < 100; turn++) recorder.event(pod, 'Normal', 'Noise', `number ${turn}`)
  recorder.event(stored({ ...pod, metadata: { ...pod.metadata, uid: 'u2' } }), 'Normal', 'Quiet', 'once')
  await recorder.flush()
  expect(created).toHaveLength(26)
  await clock.advance(300_000)
  recorder.event(pod, 'Normal', 'Noise', 'after a while')
  recorder.event(pod, 'Normal', 'Noise', 'too soon')
  await recorder.flush()
  expect(created).toHaveLength(27)
})

it('says nothing of its own failures', async () => {
  const { recorder } = setUp({ failure: new Error('refused') })
  recorder.event(pod, 'Normal', 'Pulled', 'image present')
  recorder.event(pod, 'Normal', 'Pulled', 'image present')
  await expect(recorder.flush()).resolves.toBeUndefined()
})

function setUp({ failure, combine = true, taken = 0 }: { failure?: Error; combine?: boolean; taken?: number } = {}): {
  recorder: EventRecorder
  created: KubeObject[]
  patched: unknown[]
  clock: ReturnType<typeof createFakeClock>
} {
  const clock = createFakeClock()
  const created: KubeObject[] = []
  const patched: unknown[] = []
  const client = {
    create: async (_resource: unknown, object: KubeObject) => {
      if (failure) throw failure
      if (taken-- > 0) throw alreadyExists({ group: '', resource: 'events' }, object.metadata.name ?? '')
      created.push(object)
      return object
    },
    patch: async (_resource: unknown, _ref: Ref, patch: { body: unknown }) => patched.push(patch.body),
  } as unknown as Client
  const recorder = createEventRecorder({ client, component: 'kubelet', host: 'node-1', clock, log: silentLog, combine })
  return { recorder, created, patched, clock }
}
