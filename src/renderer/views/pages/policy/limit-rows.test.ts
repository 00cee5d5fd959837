import { expect, it } from 'vitest'
import type { LimitRange } from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import { limitRows } from './limit-rows.ts'

it('has a row for each resource that any bound names', () => {
  const range = stored<LimitRange>({
    metadata: { name: 'shop', namespace: 'shop' },
    spec: {
      limits: [
        { type: 'Container', max: { cpu: '4' }, default: { cpu: '1' }, defaultRequest: { cpu: '10m', memory: '64Mi' } },
        { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
      ],
    },
  })
  const unset = { min: undefined, max: undefined, request: undefined, limit: undefined, ratio: undefined }
  expect(limitRows(range)).toEqual([
    { ...unset, type: 'Container', resource: 'cpu', max: '4', request: '10m', limit: '1' },
    { ...unset, type: 'Container', resource: 'memory', request: '64Mi' },
    { ...unset, type: 'PersistentVolumeClaim', resource: 'storage', min: '1Gi' },
  ])
})
