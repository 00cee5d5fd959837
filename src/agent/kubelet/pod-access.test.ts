import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { ObservedContainer, Runtime } from './runtime/runtime.ts'
import { openContainerLogs } from './pod-access.ts'

/** The log of container `app`, whose runs are in these states; `waiting` by its status. */
async function logOf(states: ObservedContainer['state'][], { waiting = false, previous = false }): Promise<string> {
  const containers = states.map((state, at) => ({ name: 'app', sandbox: false, id: `run-${at + 1}`, state }))
  const runtime: Partial<Runtime> = {
    containers: () => containers as ObservedContainer[],
    logs: async (id) => Readable.from([id]),
  }
  const { logs } = await openContainerLogs(
    { runtime: runtime as Runtime, findPod: () => ({ uid: 'u', waiting: waiting ? ['app'] : [] }) },
    {
      segments: ['containerLogs', 'default', 'web', 'app'],
      query: new URLSearchParams({ previous: String(previous) }),
    },
  )
  return text(logs)
}

test('a container that waits for its next run has its last one with and without `previous`', async () => {
  const crashed: ObservedContainer['state'][] = ['exited', 'exited']
  expect(await logOf(crashed, { waiting: true })).toBe('run-2')
  expect(await logOf(crashed, { waiting: true, previous: true })).toBe('run-2')
  expect(await logOf(['exited'], { waiting: true, previous: true })).toBe('run-1')
})

test('`previous` is the run before one that runs or has just ended', async () => {
  expect(await logOf(['exited', 'running'], { previous: true })).toBe('run-1')
  expect(await logOf(['exited', 'exited'], { previous: true })).toBe('run-1')
  expect(await logOf(['exited', 'running'], { waiting: true, previous: true })).toBe('run-1')
  await expect(logOf(['running'], { previous: true })).rejects.toThrow('previous terminated container "app"')
})
