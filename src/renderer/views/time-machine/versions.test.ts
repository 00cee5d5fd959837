import { expect, test } from 'vitest'
import type { ObjectVersion } from '#shared/contract/history.ts'
import { byDay, fieldName, isByPeople, writerOf } from './versions.ts'

const version = (time: string, managers: string[] = []): ObjectVersion => ({
  revision: 1,
  time: new Date(time).getTime(),
  managers,
  change: 'changed',
  fields: [],
})

test('people write by tools, programs by their own names', () => {
  expect(writerOf({ managers: ['kubectl-edit'] })).toBe('person')
  expect(writerOf({ managers: ['kubectl'] })).toBe('person')
  expect(writerOf({ managers: ['slipway-time-machine', 'kube-controller-manager'] })).toBe('person')
  expect(writerOf({ managers: ['kube-controller-manager'] })).toBe('program')
  expect(writerOf({ managers: ['kubectl2'] })).toBe('program')
  expect(isByPeople({ ...version('2026-01-01T00:00:00'), change: 'deleted' })).toBe(true)
})

test('versions are grouped by day, the newest first', () => {
  const versions = [version('2026-01-01T23:59:59'), version('2026-01-02T00:00:00'), version('2026-01-02T12:00:00')]
  const days = byDay(versions)
  expect(days.map(({ start }) => new Date(start).getDate())).toEqual([2, 1])
  expect(days.map((day) => day.versions.map(({ time }) => new Date(time).getHours()))).toEqual([[12, 0], [23]])
})

test('a field is told by the end of its path', () => {
  expect(
    [
      'spec.template.spec.containers[0].image',
      'spec.replicas',
      'metadata.labels.app',
      'data.url',
      'spec.template.metadata.labels.app',
      'spec.jobTemplate.spec.template.spec.containers[0].image',
    ].map(fieldName),
  ).toEqual(['containers[0].image', 'replicas', 'labels.app', 'data.url', 'labels.app', 'containers[0].image'])
})
