import { expect, test } from 'vitest'
import type { EvictionSettings, EvictionSignal, Threshold } from '#shared/kube/kubelet/settings.ts'
import { decide, initialMemory, type Memory } from './decide.ts'
import type { Observation } from './signals.ts'

const memory: Threshold = { signal: 'memory.available', value: { quantity: '100' }, graceMs: 0 }
const disk: Threshold = { signal: 'nodefs.available', value: { share: 0.1 }, graceMs: 0 }
const settingsOf = (...thresholds: Threshold[]): EvictionSettings => ({
  thresholds,
  transitionMs: 300_000,
  maxPodGraceSeconds: 0,
})
const seen = (signals: Partial<Record<EvictionSignal, number>>): Map<EvictionSignal, Observation> =>
  new Map(
    Object.entries(signals).map(([signal, available]) => [signal as EvictionSignal, { available, capacity: 1_000 }]),
  )
const look = (settings: EvictionSettings, signals: Parameters<typeof seen>[0], before: Memory, now: number) => {
  const { memory: after, conditions, due } = decide(settings, seen(signals), before, now)
  return { after, conditions, due: due.map(({ signal }) => signal) }
}

test('a node that has enough is not under pressure; what cannot be measured is not short', () => {
  const settings = settingsOf(memory, disk)
  expect(look(settings, { 'memory.available': 100 }, initialMemory, 0)).toMatchObject({ conditions: [], due: [] })
})

test('what is short is reclaimed at once, memory first', () => {
  expect(
    look(settingsOf(disk, memory), { 'memory.available': 99, 'nodefs.available': 99 }, initialMemory, 0),
  ).toMatchObject({ conditions: ['DiskPressure', 'MemoryPressure'], due: ['memory.available', 'nodefs.available'] })
})

test('a node stays under pressure for a while after the shortage was seen last', () => {
  const settings = settingsOf(disk)
  const first = look(settings, { 'nodefs.available': 50 }, initialMemory, 0)
  const later = look(settings, { 'nodefs.available': 500 }, first.after, 299_999)
  expect(later).toMatchObject({ conditions: ['DiskPressure'], due: [] })
  expect(look(settings, { 'nodefs.available': 500 }, later.after, 300_000).conditions).toEqual([])
})

test('a soft threshold is acted on once it was met for its grace, and starts anew after a break', () => {
  const settings = settingsOf({ ...memory, graceMs: 60_000 })
  const first = look(settings, { 'memory.available': 50 }, initialMemory, 0)
  expect(first).toMatchObject({ conditions: ['MemoryPressure'], due: [] })
  expect(look(settings, { 'memory.available': 50 }, first.after, 60_000).due).toEqual(['memory.available'])
  const between = look(settings, { 'memory.available': 500 }, first.after, 30_000)
  expect(look(settings, { 'memory.available': 50 }, between.after, 60_000).due).toEqual([])
})

test('a shortage is over when the minimum beyond the threshold has been reclaimed', () => {
  const settings = settingsOf({ ...memory, minimumReclaim: { quantity: '50' } })
  const first = look(settings, { 'memory.available': 99 }, initialMemory, 0)
  const second = look(settings, { 'memory.available': 149 }, first.after, 10_000)
  expect(second.due).toEqual(['memory.available'])
  expect(look(settings, { 'memory.available': 150 }, second.after, 20_000).due).toEqual([])
  expect(look(settings, { 'memory.available': 149 }, initialMemory, 0).due).toEqual([])
})

test('a clock that is set back lengthens neither the pressure nor the grace beyond their own time', () => {
  const settings = settingsOf({ ...disk, graceMs: 1_000 })
  const first = look(settings, { 'nodefs.available': 50 }, initialMemory, 3_600_000)
  const back = look(settings, { 'nodefs.available': 50 }, first.after, 0)
  expect(back.due).toEqual([])
  const due = look(settings, { 'nodefs.available': 50 }, back.after, 1_000)
  expect(due.due).toEqual(['nodefs.available'])
  expect(look(settings, { 'nodefs.available': 500 }, due.after, 301_001).conditions).toEqual([])
})
