import { expect, test } from 'vitest'
import { systemClock, type Clock } from '#shared/base/clock.ts'
import type { Step } from '#shared/contract/clusters.ts'
import { stepTitles } from '#shared/contract/step-titles.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { runSteps, type ProvisionStep } from './run-steps.ts'

function recipe(
  steps: (Partial<ProvisionStep> & { id: string })[],
  signal = new AbortController().signal,
  clock: Clock = systemClock,
) {
  const done: string[] = []
  const states = new Map<string, Step['state']>()
  const run = runSteps(
    steps.map((step) => ({
      title: stepTitles.create,
      run: async () => void done.push(step.id),
      undo: async () => void done.push(`undo ${step.id}`),
      ...step,
    })),
    {
      progress: (step) => states.set(step.id, step.state),
      log: (line) => done.push(line),
      signal,
      clock,
    },
  )
  return { run, done, states }
}

test('runs the steps in order and tells how each went', async () => {
  const { run, done, states } = recipe([{ id: 'network' }, { id: 'image' }])
  await run
  expect(done).toEqual(['network', 'image'])
  expect([...states]).toEqual([
    ['network', 'done'],
    ['image', 'done'],
  ])
})

test('undoes what began, last first, when a step fails', async () => {
  const failing = async (): Promise<void> => Promise.reject(new Error('no space left'))
  const { run, done, states } = recipe([{ id: 'a' }, { id: 'b', run: failing }, { id: 'c' }])
  await expect(run).rejects.toThrow('no space left')
  expect(done).toEqual(['a', 'Create workers: no space left', 'undo b', 'undo a'])
  expect(Object.fromEntries(states)).toEqual({ a: 'undone', b: 'undone', c: 'waiting' })
})

test('an undo that fails does not keep the others from running', async () => {
  const { run, done } = recipe([
    { id: 'a' },
    { id: 'b', undo: () => Promise.reject(new Error('busy')) },
    { id: 'c', run: () => Promise.reject(new Error('broken')) },
  ])
  await expect(run).rejects.toThrow('broken')
  expect(done).toEqual([
    'a',
    'b',
    'Create workers: broken',
    'undo c',
    'undoing "Create workers" failed: busy',
    'undo a',
  ])
})

test('a cancel ends a step that would wait for ever, and undoes', async () => {
  const cancel = new AbortController()
  const clock = createFakeClock()
  const endless: ProvisionStep['run'] = () => new Promise(() => undefined)
  const { run, done } = recipe([{ id: 'a' }, { id: 'b', run: endless }], cancel.signal, clock)
  const ended = expect(run).rejects.toThrow('cancelled')
  await clock.advance(0)
  cancel.abort(new Error('cancelled'))
  await clock.advance(60_000)
  await ended
  expect(done.slice(-2)).toEqual(['undo b', 'undo a'])
})

test('a step that was called off while it makes something is undone when it has made it', async () => {
  const cancel = new AbortController()
  let finish: () => void = () => undefined
  const made: string[] = []
  const { run, states } = recipe(
    [
      {
        id: 'create',
        run: () =>
          new Promise((resolve) => {
            finish = () => {
              made.push('worker')
              resolve()
            }
          }),
        undo: async () => void made.pop(),
      },
    ],
    cancel.signal,
  )
  cancel.abort(new Error('cancelled'))
  setImmediate(() => {
    expect(states.get('create')).toBe('failed')
    finish()
  })
  await expect(run).rejects.toThrow('cancelled')
  expect(made).toEqual([])
})
