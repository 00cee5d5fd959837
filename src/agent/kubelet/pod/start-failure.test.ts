import { expect, test } from 'vitest'
import { MissingSource } from '../environment.ts'
import { ImageFailed } from '../images.ts'
import { MountFailed } from '../mount-failed.ts'
import { BadContainerConfig } from './container-plan.ts'
import { CannotEnforce } from './security.ts'
import { failureEvents, startFailure } from './start-failure.ts'

test.each<[string, unknown, number, boolean, string, number]>([
  ['no image', new ImageFailed('ErrImagePull', 'x', 'app:1'), 1, false, 'ErrImagePull', 10_000],
  ['no image, again', new ImageFailed('ErrImagePull', 'x', 'app:1'), 3, false, 'ErrImagePull', 40_000],
  ['no image, ever', new ImageFailed('ErrImageNeverPull', 'x', 'app:1'), 99, false, 'ErrImageNeverPull', 300_000],
  ['no ConfigMap', new MissingSource('x'), 5, false, 'CreateContainerConfigError', 2_000],
  ['root against runAsNonRoot', new BadContainerConfig('x'), 5, false, 'CreateContainerConfigError', 2_000],
  ['no mount', new MountFailed('x'), 5, false, 'CreateContainerError', 2_000],
  ['no seccomp profile', new CannotEnforce('x'), 5, false, 'CreateContainerError', 10_000],
  ['refused by the engine', new Error('x'), 1, false, 'CreateContainerError', 10_000],
  ['no such command', new Error('x'), 1, true, 'RunContainerError', 10_000],
])('a failed start: %s', (_what, error, count, isCreated, reason, retryMs) => {
  expect(startFailure(error, { count, isCreated })).toMatchObject({ reason, retryMs })
})

test.each<[string, string[]]>([
  ['ErrImagePull', ['Failed: x', 'Failed: Error: ErrImagePull']],
  ['InvalidImageName', ['InspectFailed: x', 'Failed: Error: InvalidImageName']],
  ['ErrImageNeverPull', ['ErrImageNeverPull: x', 'Failed: Error: ErrImageNeverPull']],
])('the events of %s', (reason, events) => {
  const told = failureEvents(new ImageFailed(reason, 'x', 'app:1'), reason)
  expect(told.map((event) => `${event.reason}: ${event.message}`)).toEqual(events)
})

test('another failure has one event', () => {
  expect(failureEvents(new Error('x'), 'RunContainerError')).toEqual([{ reason: 'Failed', message: 'Error: x' }])
})

test('ErrImagePull is shown for a moment before it becomes ImagePullBackOff', () => {
  const failure = startFailure(new ImageFailed('ErrImagePull', 'x', 'app:1'), { count: 4, isCreated: false })
  expect(failure).toMatchObject({ wakeMs: 2_000, retryMs: 80_000 })
})
