import { beforeEach, expect, test } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import type { Pod, PodStatus } from '#shared/kube/generated/types.ts'
import { notFound } from '#shared/kube/status.ts'
import { createPodScope, type TestScope } from '#test/support/pod-scope.ts'
import { StatusReporter } from './status-reporter.ts'
import type { PodObservation } from '#shared/kube/kubelet/pod-status.ts'
import { stored } from '#test/support/stored.ts'

const pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [{ name: 'c' }] } }
const seen = (hostIp: string): PodObservation => ({
  containers: new Map(),
  podIps: [],
  hostIps: [hostIp],
  startTime: '2026-01-01T00:00:00Z',
  stopped: false,
})

let parts: TestScope
let sent: (string | undefined)[]
let failure: Error | undefined
let gate: Promise<void> | undefined
let reporter: StatusReporter
beforeEach(() => {
  sent = []
  failure = undefined
  gate = undefined
  parts = createPodScope(stored(pod))
  const patch: Client['patch'] = async (_resource, _ref, { body }) => {
    const { metadata, status } = body as { metadata: { uid: string }; status: PodStatus }
    expect(metadata.uid).toBe('u')
    await gate
    if (failure) throw failure
    sent.push(status.hostIP)
    return pod as never
  }
  reporter = new StatusReporter({ ...parts.scope, client: { ...parts.client, patch } })
})

test('the same status is written once', async () => {
  reporter.report(seen('1.1.1.1'))
  reporter.report(seen('1.1.1.1'))
  await reporter.flush()
  reporter.report(seen('1.1.1.1'))
  await reporter.flush()
  expect(sent).toEqual(['1.1.1.1'])
})

test('a status that somebody writes over before the answer comes is written again', async () => {
  let present = stored<Pod>(pod)
  const answers = ['5', '7']
  const patch: Client['patch'] = async (_resource, _ref, { body }) => {
    const { status } = body as { status: PodStatus }
    const resourceVersion = answers.shift() ?? ''
    if (resourceVersion === '5') {
      const overwritten = { ...status, hostIP: '9.9.9.9' }
      present = { ...present, metadata: { ...present.metadata, resourceVersion: '6' }, status: overwritten }
      reporter.report(seen('1.1.1.1'))
    }
    return { ...pod, metadata: { ...pod.metadata, resourceVersion }, status } as never
  }
  reporter = new StatusReporter({
    ...parts.scope,
    pod: () => present,
    wake: () => reporter.report(seen('1.1.1.1')),
    client: { ...parts.client, patch },
  })
  reporter.report(seen('1.1.1.1'))
  await expect.poll(() => answers).toEqual([])
})

test('what was overtaken by a newer status is not written', async () => {
  let open: () => void = () => undefined
  gate = new Promise((resolve) => (open = resolve))
  reporter.report(seen('1.1.1.1'))
  await Promise.resolve()
  reporter.report(seen('2.2.2.2'))
  reporter.report(seen('3.3.3.3'))
  open()
  await reporter.flush()
  expect(sent).toEqual(['1.1.1.1', '3.3.3.3'])
})

test('a failure is logged once, and tried again ever later', async () => {
  failure = new Error('no connection')
  const wakes: number[] = []
  for (const seconds of [1, 2, 4]) {
    reporter.report(seen('1.1.1.1'))
    await reporter.flush()
    await parts.clock.advance(seconds * 1_000 - 1)
    wakes.push(parts.wakes())
    await parts.clock.advance(1)
  }
  expect([wakes, parts.wakes(), parts.logged]).toEqual([[0, 1, 2], 3, ['pod status not written']])
  failure = undefined
  reporter.report(seen('1.1.1.1'))
  await reporter.flush()
  expect(sent).toEqual(['1.1.1.1'])
})

test('a pod that is gone is no failure', async () => {
  failure = notFound({ group: '', resource: 'pods' }, 'p')
  reporter.report(seen('1.1.1.1'))
  await reporter.flush()
  await parts.clock.advance(60_000)
  expect([parts.logged, parts.wakes()]).toEqual([[], 0])
})
