import { expect, it } from 'vitest'
import type { Stored } from '#shared/kube/object.ts'
import { losesData } from './data-loss.ts'

const loses = (group: string, kind: string, spec: object = {}): boolean =>
  losesData({ resource: { group, version: 'v1', kind, plural: '', namespaced: true }, title: '' }, {
    metadata: { name: 'x', uid: 'u', resourceVersion: '1' },
    spec,
  } as unknown as Stored)

it('asks for the name of what holds others', () => {
  expect(loses('', 'Namespace')).toBe(true)
  expect(loses('', 'Node')).toBe(true)
  expect(loses('apiextensions.k8s.io', 'CustomResourceDefinition')).toBe(true)
  expect(loses('', 'Pod')).toBe(false)
  expect(loses('example.com', 'Node')).toBe(false)
})

it('asks for the name of storage whose data go with it', () => {
  expect(loses('', 'PersistentVolume', { persistentVolumeReclaimPolicy: 'Delete' })).toBe(true)
  expect(loses('', 'PersistentVolume', { persistentVolumeReclaimPolicy: 'Retain' })).toBe(false)
  expect(loses('', 'PersistentVolumeClaim', { volumeName: 'pv-1' })).toBe(true)
  expect(loses('', 'PersistentVolumeClaim')).toBe(false)
})

it('asks for the name of a StatefulSet only where its claims go with it', () => {
  const volumeClaimTemplates = [{}]
  const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete' }
  expect(loses('apps', 'StatefulSet', { volumeClaimTemplates })).toBe(false)
  expect(loses('apps', 'StatefulSet', { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy })).toBe(true)
  expect(loses('apps', 'StatefulSet', { persistentVolumeClaimRetentionPolicy })).toBe(false)
})
