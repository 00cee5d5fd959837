import { beforeEach, expect, it } from 'vitest'
import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { WebhookConversion } from './conversion.ts'

const definition = {
  metadata: { name: 'ships.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'ships', kind: 'Ship' },
    conversion: {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://hook' }, conversionReviewVersions: ['v1'] },
    },
    versions: [
      { name: 'v1', served: true, storage: true },
      { name: 'v2', served: true, storage: false },
    ],
  },
} as CustomResourceDefinition

type Ship = Stored & { masts?: number; poles?: number }
const ship = (revision: string, masts: number): Ship => ({
  apiVersion: 'example.com/v1',
  kind: 'Ship',
  metadata: { name: 's', uid: 'u', resourceVersion: revision },
  masts,
})

interface Review {
  request: { uid: string; desiredAPIVersion: string; objects: Ship[] }
}
let calls: number
let answer: (review: Review) => unknown
beforeEach(() => {
  calls = 0
  answer = ({ request: { uid, desiredAPIVersion, objects } }) => ({
    response: {
      uid,
      result: { status: 'Success' },
      convertedObjects: objects.map(({ masts, poles, ...rest }) => ({
        ...rest,
        apiVersion: desiredAPIVersion,
        ...(desiredAPIVersion.endsWith('v2') ? { poles: masts } : { masts: poles }),
      })),
    },
  })
})
const conversion = (): WebhookConversion =>
  new WebhookConversion(definition, async (_config, review) => {
    calls++
    return answer(review as Review)
  })

it('converts objects to the version of a read, once per revision', async () => {
  const made = conversion()
  await made.prepare([ship('1', 3)], 'example.com/v2')
  expect(made.read(ship('1', 3), 'example.com/v2')).toMatchObject({ apiVersion: 'example.com/v2', poles: 3 })
  expect(made.prepare([ship('1', 3)], 'example.com/v2')).toBeUndefined()
  expect(made.prepare([ship('1', 3)], 'example.com/v1')).toBeUndefined()
  await made.prepare([ship('2', 4)], 'example.com/v2')
  expect(calls).toBe(2)
})

it('stores objects written in another version in the storage version, and caches all forms', async () => {
  const made = conversion()
  const { masts: _masts, ...rest } = ship('', 0)
  const stored = (await made.written({ ...rest, apiVersion: 'example.com/v2', poles: 5 } as Ship))('7')
  expect(stored).toMatchObject({ apiVersion: 'example.com/v1', masts: 5 })
  expect(stored).not.toHaveProperty('poles')
  expect(
    made.read({ ...stored, metadata: { ...rest.metadata, resourceVersion: '7' } }, 'example.com/v2'),
  ).toMatchObject({
    poles: 5,
  })
})

it('drops the forms of deleted objects', async () => {
  const made = conversion()
  await made.prepare([ship('1', 3)], 'example.com/v2')
  made.forget('u')
  await made.prepare([ship('1', 3)], 'example.com/v2')
  expect(calls).toBe(2)
})

it('reports the message of a webhook that fails', async () => {
  const made = conversion()
  answer = ({ request: { uid } }) => ({ response: { uid, result: { status: 'Failed', message: 'no masts' } } })
  await expect(made.prepare([ship('1', 3)], 'example.com/v2')).rejects.toMatchObject({
    code: 500,
    message: 'Internal error occurred: conversion webhook for example.com/v1, Kind=Ship failed: no masts',
  })
})
