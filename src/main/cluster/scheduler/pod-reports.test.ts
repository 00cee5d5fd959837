import { describe, expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client, Ref } from '#shared/client/client.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createPodReports } from './pod-reports.ts'
import { pod } from './scheduler.fixture.ts'

function setUp(failure?: Error) {
  const events: unknown[][] = []
  const patches: { ref: Ref; body: unknown; subresource: unknown }[] = []
  const recorder = {
    event: (...[, ...said]: unknown[]) => void events.push(said),
    flush: () => Promise.resolve(),
  }
  const client = {
    patch: async (_: unknown, ref: Ref, { body }: { body: unknown }, options?: { subresource?: string }) => {
      patches.push({ ref, body, subresource: options?.subresource })
      if (failure) throw failure
    },
  } as unknown as Client
  const reports = createPodReports({ client, clock: createFakeClock(), recorderOf: () => recorder, log: silentLog })
  return { reports, events, patches }
}

const time = '2026-01-01T00:00:00Z'
const unschedulable = { reason: 'Unschedulable', message: 'no room' } as const
const condition = { type: 'PodScheduled', status: 'False', ...unschedulable }
const withStatus = (status: Pod['status']): Stored<Pod> => ({ ...pod('p'), ...(status ? { status } : {}) })

test('a pod that is not scheduled gets the event, and the condition under its uid', () => {
  const { reports, events, patches } = setUp()
  reports.notScheduled(pod('p'), unschedulable)
  expect(events).toEqual([['Warning', 'FailedScheduling', 'no room']])
  const conditions = [{ ...condition, lastTransitionTime: time, lastProbeTime: null }]
  expect(patches).toEqual([
    {
      ref: { namespace: 'default', name: 'p' },
      body: { metadata: { uid: 'uid-p' }, status: { conditions } },
      subresource: 'status',
    },
  ])
})

describe('the status is written where it changes', () => {
  const reported = [{ ...condition, lastTransitionTime: time }]
  test.each<[string, Pod['status'], string | null | undefined, unknown]>([
    ['the same condition', { conditions: reported }, undefined, 'nothing'],
    ['the same condition and node', { conditions: reported, nominatedNodeName: 'n1' }, 'n1', 'nothing'],
    ['another message', { conditions: [{ ...condition, message: 'before' }] }, undefined, undefined],
    ['a first node', { conditions: reported }, 'n1', 'n1'],
    ['another node', { conditions: reported, nominatedNodeName: 'n1' }, 'n2', 'n2'],
    ['a void nomination', { conditions: reported, nominatedNodeName: 'n1' }, null, null],
    ['no nomination to clear', { conditions: reported }, null, 'nothing'],
  ])('%s', (_, status, nominatedNodeName, expected) => {
    const { reports, events, patches } = setUp()
    reports.notScheduled(withStatus(status), { ...unschedulable, nominatedNodeName })
    expect(events).toHaveLength(1)
    const written = patches.map(({ body }) => (body as { status: Pod['status'] }).status?.nominatedNodeName)
    expect(written).toEqual(expected === 'nothing' ? [] : [expected])
  })
})

test('clears a nomination', () => {
  const { reports, patches } = setUp()
  reports.clearNomination(pod('p'))
  expect(patches).toMatchObject([{ body: { metadata: { uid: 'uid-p' }, status: { nominatedNodeName: null } } }])
})

test('a write that fails affects nothing else', async () => {
  const { reports, patches } = setUp(new Error('refused'))
  expect(() => reports.notScheduled(pod('p'), unschedulable)).not.toThrow()
  await new Promise(setImmediate)
  expect(patches).toHaveLength(1)
})
