import { afterEach, beforeEach, expect, it } from 'vitest'
import { StopStack } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { configMaps, customResourceDefinitions, namespaces } from '#shared/kube/resources.ts'
import type { TestApiServer } from '#test/support/api-server.ts'
import { startCustomApi } from '#test/support/custom-api.ts'
import { validatingPolicies } from '../policies/validating.ts'

type Ship = KubeObject & { masts?: number; poles?: number; name?: string }
const v1: Resource<Ship> = {
  group: 'sea.example.com',
  version: 'v1',
  kind: 'Ship',
  plural: 'ships',
  namespaced: true,
}
const v2: Resource<Ship> = { ...v1, version: 'v2' }

interface Review {
  request: { uid: string; desiredAPIVersion: string; objects: Ship[] }
}

let stops: StopStack
let api: TestApiServer
/** Called before each answer of the webhook. */
let meanwhile: () => Promise<unknown>
let onReview: (request: Review['request']) => void

beforeEach(async () => {
  stops = new StopStack()
  meanwhile = () => Promise.resolve()
  onReview = () => undefined
  api = await startCustomApi(stops, {
    around: ({ resources }) => ({
      admission: [validatingPolicies({ resources, authorizer: { authorize: () => ({ allowed: true }) } })],
    }),
    async callWebhook(_config, review) {
      const { request } = review as Review
      const { uid, desiredAPIVersion, objects } = request
      onReview(request)
      await meanwhile()
      const convertedObjects = objects.map(({ masts, poles, ...rest }) => {
        const count = masts ?? poles
        return {
          ...rest,
          apiVersion: desiredAPIVersion,
          ...(desiredAPIVersion.endsWith('2') ? { poles: count } : { masts: count }),
        }
      })
      return { response: { uid, result: { status: 'Success' }, convertedObjects } }
    },
  })
  await api.client.create(namespaces, { metadata: { name: 'port' } })
  const version = (name: string, field: string) => ({
    ...{ name, served: true, storage: name === 'v1' },
    schema: {
      openAPIV3Schema: { type: 'object', properties: { [field]: { type: 'integer' }, name: { type: 'string' } } },
    },
  })
  await api.client.create(customResourceDefinitions, {
    metadata: { name: 'ships.sea.example.com' },
    spec: {
      group: 'sea.example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      versions: [version('v1', 'masts'), version('v2', 'poles')],
      conversion: {
        strategy: 'Webhook',
        webhook: { clientConfig: { url: 'https://hook.example.com' }, conversionReviewVersions: ['v1'] },
      },
    },
  })
  await expect
    .poll(() =>
      api.client.list(v2, { namespace: 'port' }).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
})
afterEach(() => stops.stop())

const build = (name: string, masts: number): Promise<unknown> =>
  api.client.create(v1, { metadata: { name, namespace: 'port' }, masts })
const own = (name: string) => ({ namespace: 'port', name })
const setMasts = (name: string, masts: number): Promise<unknown> =>
  api.client.patch(v1, own(name), { type: 'merge', body: { masts } })

/** While the webhook converts for the first time, the ship is written in the other version. */
function writtenMeanwhile(name: string, masts: number): void {
  meanwhile = () => {
    meanwhile = () => Promise.resolve()
    return setMasts(name, masts)
  }
}

it('what is written in another version while a read is converted is read as it is then', async () => {
  await build('a', 3)
  writtenMeanwhile('a', 4)
  expect(await api.client.get(v2, own('a'))).toMatchObject({ poles: 4 })
  await setMasts('a', 9)
  writtenMeanwhile('a', 5)
  expect(await api.client.list(v2, { namespace: 'port' })).toMatchObject({ items: [{ poles: 5 }] })
})

it('no write takes back what another version has written meanwhile', async () => {
  await build('a', 3)
  writtenMeanwhile('a', 4)
  const body = { name: 'Albatros' }
  expect(await api.client.patch(v2, own('a'), { type: 'merge', body })).toMatchObject({ poles: 4, ...body })
  expect(await api.client.get(v1, own('a'))).toMatchObject({ masts: 4, ...body })
})

it('a watch begins with what is written in another version while it is converted', async () => {
  await build('a', 3)
  let left = 3
  meanwhile = () => (left-- > 0 ? setMasts('a', 10 + left) : Promise.resolve())
  const seen: unknown[] = []
  const stop = api.client.watch(
    v2,
    { namespace: 'port', resourceVersion: '0' },
    {
      events: (events) => seen.push(...events.map(({ object }) => (object as Ship).poles)),
      closed: (error) => seen.push(error),
    },
  )
  stops.add(stop)
  await expect.poll(() => seen).toEqual([10])
})

/** Watches ships of the second version, once for each selector. @returns their poles, as they are told */
function watchPoles(...selectors: string[]): unknown[][] {
  return selectors.map((labelSelector) => {
    const seen: unknown[] = []
    const sink = {
      events: (events: readonly { object: unknown }[]) =>
        void seen.push(...events.map(({ object }) => (object as Ship).poles ?? object)),
      closed: (error: unknown) => void seen.push(error),
    }
    stops.add(api.client.watch(v2, { namespace: 'port', labelSelector, resourceVersion: '0' }, sink))
    return seen
  })
}

it('writes do not wait for the versions that are watched, which are converted once each, together and in order', async () => {
  await build('a', 3)
  const watched = watchPoles('', 'a!=b')
  await expect.poll(() => watched).toEqual([[3], [3]])
  const told = Promise.withResolvers<undefined>()
  meanwhile = () => told.promise
  const sizes: number[] = []
  onReview = ({ objects }) => void sizes.push(objects.length)
  for (const masts of [4, 5, 6]) await setMasts('a', masts)
  expect(watched).toEqual([[3], [3]])
  told.resolve(undefined)
  await expect
    .poll(() => watched)
    .toEqual([
      [3, 4, 5, 6],
      [3, 4, 5, 6],
    ])
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3)
})

it('a new object is converted alone', async () => {
  await build('a', 3)
  const converted: string[] = []
  onReview = ({ objects }) => void converted.push(...objects.map(({ metadata }) => metadata.name ?? ''))
  await api.client.create(v2, { metadata: { name: 'b', namespace: 'port' }, poles: 3 })
  expect(converted).toEqual(['b'])
})

it('a policy reads its parameters in the version that it names', async () => {
  const kind = (name: string): Resource => ({
    ...{ group: 'admissionregistration.k8s.io', version: 'v1', kind: name, namespaced: false },
    plural: `${name.toLowerCase().replace(/y$/, 'ie')}s`,
  })
  await build('limits', 3)
  await api.client.create(kind('ValidatingAdmissionPolicy'), {
    metadata: { name: 'few-poles' },
    spec: {
      paramKind: { apiVersion: 'sea.example.com/v2', kind: 'Ship' },
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      },
      validations: [{ expression: 'size(object.data) < params.poles' }],
    },
  } as KubeObject)
  await api.client.create(kind('ValidatingAdmissionPolicyBinding'), {
    metadata: { name: 'few-poles' },
    spec: {
      policyName: 'few-poles',
      validationActions: ['Deny'],
      paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' },
    },
  } as KubeObject)
  const make = (name: string, ...keys: string[]): Promise<unknown> =>
    api.client.create(configMaps, {
      metadata: { name, namespace: 'port' },
      data: Object.fromEntries(keys.map((key) => [key, ''])),
    })
  await make('few', 'a', 'b')
  await expect(make('many', 'a', 'b', 'c')).rejects.toThrow('failed expression: size(object.data) < params.poles')
  await setMasts('limits', 9)
  await make('many', 'a', 'b', 'c')
})

it('a list goes on where it began, and a watch tells each state, in the version that is asked for', async () => {
  for (const name of ['a', 'b']) await build(name, 3)
  const first = await api.client.list(v2, { namespace: 'port', limit: 1 })
  const { continue: token, resourceVersion } = first.metadata
  for (const masts of [4, 5]) await setMasts('b', masts)
  const rest = await api.client.list(v2, { namespace: 'port', limit: 1, ...(token ? { continue: token } : {}) })
  expect(rest.items).toMatchObject([{ apiVersion: 'sea.example.com/v2', poles: 3 }])
  const seen: unknown[] = []
  const stop = api.client.watch(
    v2,
    { namespace: 'port', resourceVersion: resourceVersion ?? '' },
    {
      events: (events) => seen.push(...events.map(({ object }) => (object as Ship).poles)),
      closed: (error) => seen.push(error),
    },
  )
  stops.add(stop)
  await expect.poll(() => seen).toEqual([4, 5])
})
