import { expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { Step } from '#shared/contract/clusters.ts'
import { provision, type ProvisionStep } from './provision.ts'

function recipe(steps: (Partial<ProvisionStep> & { id: string })[], signal = new AbortController().signal) {
  const done: string[] = []
  const states = new Map<string, Step['state']>()
  const run = provision({
    steps: steps.map((step) => ({
      title: step.id,
      run: async () => void done.push(step.id),
      undo: async () => void done.push(`undo ${step.id}`),
      ...step,
    })),
    progress: (step) => states.set(step.id, step.state),
    log: (line) => done.push(line),
    signal,
    clock: systemClock,
  })
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
  expect(done).toEqual(['a', 'b: no space left', 'undo b', 'undo a'])
  expect(Object.fromEntries(states)).toEqual({ a: 'undone', b: 'undone', c: 'waiting' })
})

test('an undo that fails does not keep the others from running', async () => {
  const { run, done } = recipe([
    { id: 'a' },
    { id: 'b', undo: () => Promise.reject(new Error('busy')) },
    { id: 'c', run: () => Promise.reject(new Error('broken')) },
  ])
  await expect(run).rejects.toThrow('broken')
  expect(done).toEqual(['a', 'b', 'c: broken', 'undo c', 'undoing "b" failed: busy', 'undo a'])
})

test('a cancel ends a step that would wait for ever, and undoes', async () => {
  const cancel = new AbortController()
  const { run, done } = recipe([{ id: 'a' }, { id: 'b', run: () => new Promise(() => undefined) }], cancel.signal)
  setImmediate(() => cancel.abort(new Error('cancelled')))
  await expect(run).rejects.toThrow('cancelled')
  expect(done.slice(-2)).toEqual(['undo b', 'undo a'])
})
