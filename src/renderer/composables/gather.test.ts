import { expect, test } from 'vitest'
import { gather } from './gather.ts'

function scene(size: number) {
  const frames: (() => void)[] = []
  const timers: { run: () => void; ms: number }[] = []
  let refreshes = 0
  const changed = gather(
    () => refreshes++,
    () => size,
    { nextFrame: (run) => frames.push(run), later: (run, ms) => timers.push({ run, ms }) },
  )
  return { frames, timers, changed, refreshes: () => refreshes }
}

test('makes one refresh per frame of five hundred changes', () => {
  const { frames, changed, refreshes } = scene(30)
  for (let i = 0; i < 500; i++) changed()
  expect(frames).toHaveLength(1)
  expect(refreshes()).toBe(0)
  frames[0]?.()
  expect(refreshes()).toBe(1)
  changed()
  expect(frames).toHaveLength(2)
})

test('refreshes thousands of objects less often than every frame', () => {
  const { frames, timers, changed, refreshes } = scene(10_000)
  changed()
  changed()
  expect(frames).toHaveLength(0)
  expect(timers.map(({ ms }) => ms)).toEqual([250])
  timers[0]?.run()
  expect(refreshes()).toBe(1)
})
