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

it('converts objects to the version of a read, each state of them once', async () => {
  const made = conversion()
  const first = ship('1', 3)
  await made.prepare([first], 'example.com/v2')
  expect(made.read(first, 'example.com/v2')).toMatchObject({ apiVersion: 'example.com/v2', poles: 3 })
  expect(made.prepare([first], 'example.com/v2')).toBeUndefined()
  expect(made.prepare([first], 'example.com/v1')).toBeUndefined()
  const second = ship('2', 4)
  await made.prepare([second], 'example.com/v2')
  expect(calls).toBe(2)
  expect([first, second].map((one) => made.read(one, 'example.com/v2'))).toMatchObject([{ poles: 3 }, { poles: 4 }])
})

it('does not take the form of an earlier state for a later one, nor the stored fields for another version', async () => {
  const made = conversion()
  await made.prepare([ship('1', 3)], 'example.com/v2')
  expect(() => made.read(ship('2', 4), 'example.com/v2')).toThrow(
    'Ship s has changed while it was converted to example.com/v2',
  )
})

const stored = async (made: WebhookConversion, object: Ship, revision: string): Promise<Ship> =>
  (await made.written(object))({ ...object.metadata, resourceVersion: revision }) as Ship

it('stores objects written in another version in the storage version, and keeps their forms', async () => {
  const made = conversion()
  const { masts: _masts, ...rest } = ship('', 0)
  const written = await stored(made, { ...rest, apiVersion: 'example.com/v2', poles: 5 }, '7')
  expect(written).toMatchObject({ apiVersion: 'example.com/v1', masts: 5, metadata: { resourceVersion: '7' } })
  expect(written).not.toHaveProperty('poles')
  expect(made.read(written, 'example.com/v2')).toMatchObject({ poles: 5, metadata: { resourceVersion: '7' } })
})

it('writes an object in the storage version without the webhook', async () => {
  await conversion().written(ship('1', 3))
  expect(calls).toBe(0)
})

it('converts one state once for all who wait for it', async () => {
  const made = conversion()
  const [first, second] = [ship('1', 3), ship('2', 4)]
  const waiting = [[first], [first, second], [second]].map((objects) => made.prepare(objects, 'example.com/v2'))
  expect(made.isConverting('example.com/v2')).toBe(true)
  expect(made.isConverting('example.com/v3')).toBe(false)
  await Promise.all(waiting.map((pending) => pending ?? Promise.resolve()))
  expect(calls).toBe(2)
  expect(made.isConverting('example.com/v2')).toBe(false)
  expect([first, second].map((one) => made.read(one, 'example.com/v2'))).toMatchObject([{ poles: 3 }, { poles: 4 }])
})

it('tells why an object has no form, until the webhook works again', async () => {
  const made = conversion()
  const works = answer
  answer = () => {
    throw new Error('connection refused')
  }
  const written = await stored(made, ship('', 3), '1')
  expect(written).toMatchObject({ masts: 3 })
  await expect(made.prepare([written], 'example.com/v2')).rejects.toThrow('connection refused')
  expect(() => made.read(written, 'example.com/v2')).toThrow('connection refused')
  await expect(made.written({ ...ship('1', 3), apiVersion: 'example.com/v2' })).rejects.toMatchObject({ code: 500 })
  answer = works
  await made.prepare([written], 'example.com/v2')
  expect(made.read(written, 'example.com/v2')).toMatchObject({ poles: 3 })
})

it('reports the message of a webhook that fails', async () => {
  const made = conversion()
  answer = ({ request: { uid } }) => ({ response: { uid, result: { status: 'Failed', message: 'no masts' } } })
  await expect(made.prepare([ship('1', 3)], 'example.com/v2')).rejects.toMatchObject({
    code: 500,
    message: 'Internal error occurred: conversion webhook for example.com/v1, Kind=Ship failed: no masts',
  })
})

/** Lets the webhook answer with what `change` makes of the metadata. */
function metadataBecomes(change: (metadata: Ship['metadata']) => unknown): void {
  const before = answer
  answer = (review) => {
    const given = before(review) as { response: { convertedObjects: Ship[] } }
    const convertedObjects = given.response.convertedObjects.map((one) => ({ ...one, metadata: change(one.metadata) }))
    return { response: { ...given.response, convertedObjects } }
  }
}

it('takes labels and annotations from the webhook, also that there are none, and nothing else of metadata', async () => {
  metadataBecomes(({ labels }) => ({ name: 'other', uid: 'other', labels: { ...labels, converted: 'yes' } }))
  const made = conversion()
  const object: Ship = {
    ...ship('1', 3),
    metadata: { ...ship('1', 3).metadata, labels: { a: 'b' }, annotations: { c: 'd' } },
  }
  await made.prepare([object], 'example.com/v2')
  const { metadata } = made.read(object, 'example.com/v2')
  expect(metadata).toEqual({ name: 's', uid: 'u', resourceVersion: '1', labels: { a: 'b', converted: 'yes' } })

  const { masts: _masts, ...rest } = object
  const written = await stored(made, { ...rest, apiVersion: 'example.com/v2', poles: 5 }, '7')
  expect(written.metadata).toEqual({ ...metadata, resourceVersion: '7' })
  expect(made.read(written, 'example.com/v2').metadata).toEqual({ ...object.metadata, resourceVersion: '7' })
})

it.each<[unknown, string]>([
  [undefined, 'missing metadata in converted object'],
  [null, 'missing metadata in converted object'],
  [{ labels: { a: 1 } }, 'metadata.labels must be a map of strings'],
  [{ annotations: { a: {} } }, 'metadata.annotations must be a map of strings'],
])('refuses the metadata %j of a webhook', async (metadata, message) => {
  metadataBecomes(() => metadata)
  await expect(conversion().prepare([ship('1', 3)], 'example.com/v2')).rejects.toMatchObject({
    code: 500,
    message: expect.stringContaining(message) as string,
  })
})
