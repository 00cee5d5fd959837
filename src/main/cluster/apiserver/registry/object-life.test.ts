import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeleteOptions, Resource } from '#shared/client/client.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { configMaps, deployments, jobs, namespaces, pods, replicationControllers } from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../kinds/index.ts'

/** Of the built-in kinds as they are declared. */
let api: TestApiServer
beforeAll(async () => {
  api = await startApiServer({ kinds })
  await api.client.create(namespaces, { metadata: { name: 'default' } })
})
afterAll(() => api.stop())

const template = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' },
}
const always = { ...template, spec: { ...template.spec, restartPolicy: 'Always' } }
const specs: Record<string, object> = {
  ReplicationController: { replicas: 0, selector: { app: 'a' }, template: always },
  Job: { template },
  Deployment: { replicas: 0, selector: { matchLabels: { app: 'a' } }, template: always },
}

describe('a delete without a propagation policy', () => {
  /** The finalizers that a delete of an object with `has` leaves; undefined where it is gone at once. */
  async function finalizersAfter(
    resource: Resource,
    has: string[],
    options?: DeleteOptions,
  ): Promise<string[] | undefined> {
    const ref = { namespace: 'default', name: 'a' }
    await api.client.create(resource, {
      metadata: { ...ref, finalizers: has },
      spec: specs[resource.kind],
    } as KubeObject & { metadata: { name: string } })
    const answer = (await api.client.delete(resource, ref, options)) as KubeObject
    await api.client.patch(resource, ref, { type: 'merge', body: { metadata: { finalizers: null } } }).catch(() => null)
    return answer.metadata.finalizers
  }

  it.each([replicationControllers, jobs] as Resource[])('leaves the dependents of a $kind', async (resource) => {
    expect(await finalizersAfter(resource, [])).toEqual(['orphan'])
    expect(await finalizersAfter(resource, [], { gracePeriodSeconds: 0 })).toEqual(['orphan'])
    expect(await finalizersAfter(resource, [], { propagationPolicy: 'Background' })).toBeUndefined()
    expect(await finalizersAfter(resource, [], { propagationPolicy: 'Foreground' })).toEqual(['foregroundDeletion'])
    expect(await finalizersAfter(resource, ['foregroundDeletion'])).toEqual(['foregroundDeletion'])
  })

  it('lets those of a Deployment go', async () => {
    expect(await finalizersAfter(deployments, [])).toBeUndefined()
    expect(await finalizersAfter(deployments, ['orphan'])).toEqual(['orphan'])
  })
})

describe('lists and maps of metadata', () => {
  const empty = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] }
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
  const full = {
    labels: { a: 'b' },
    annotations: { a: 'b' },
    finalizers: ['a.b/c'],
    ownerReferences: [owner],
  }
  const make = (name: string, metadata: object): Promise<Stored> =>
    api.client.create(configMaps, { metadata: { name, namespace: 'default', ...metadata } })
  const ofInterest = ({ metadata }: Stored): object =>
    Object.fromEntries(Object.entries(metadata).filter(([name]) => name in empty))

  it('are left out when empty, on create and update', async () => {
    const created = await make('a', empty)
    expect(ofInterest(created)).toEqual({})
    const second = await make('b', full)
    const updated = await api.client.update(configMaps, { ...second, metadata: { ...second.metadata, ...empty } })
    expect(ofInterest(updated)).toEqual({})
  })

  it.each([
    ['merge', { metadata: { ownerReferences: [], finalizers: [], labels: { a: null }, annotations: { a: null } } }],
    [
      'strategic',
      {
        metadata: {
          ownerReferences: [{ $patch: 'delete', uid: 'y' }],
          '$deleteFromPrimitiveList/finalizers': ['a.b/c'],
          labels: { a: null },
          annotations: { a: null },
        },
      },
    ],
    [
      'json',
      ['ownerReferences/0', 'finalizers/0', 'labels/a', 'annotations/a'].map((path) => ({
        op: 'remove',
        path: `/metadata/${path}`,
      })),
    ],
  ] as const)('are left out when a %s patch takes their last entry', async (type, body) => {
    const { metadata } = await make(type, full)
    const patched = await api.client.patch(configMaps, metadata, { type, body } as never)
    expect(ofInterest(patched)).toEqual({})
  })
})

describe('a delete', () => {
  it('tells which object its precondition does not match by its kind', async () => {
    const ref = { name: 'conditions', namespace: 'default' }
    const { metadata } = await api.client.create(deployments, {
      metadata: ref,
      spec: specs['Deployment'],
    } as never)
    const refused = 'Operation cannot be fulfilled on Deployment.apps "conditions": '
    await expect(api.client.delete(deployments, ref, { preconditions: { uid: 'other' } })).rejects.toThrow(
      `${refused}the UID in the precondition (other) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
    await expect(api.client.delete(deployments, ref, { preconditions: { resourceVersion: '1' } })).rejects.toThrow(
      `${refused}the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    )
  })

  it('answers with a pod as it is when it ends, also where nothing holds it', async () => {
    const ref = { name: 'unbound', namespace: 'default' }
    await api.client.create(pods, { metadata: ref, spec: { containers: [{ name: 'c', image: 'i' }] } })
    const tried = (await api.client.delete(pods, ref, { dryRun: ['All'] })) as Stored
    expect(tried.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 })
    expect(tried.metadata.deletionTimestamp).toBeDefined()
    expect((await api.client.get(pods, ref)).metadata.deletionTimestamp).toBeUndefined()
    await api.client.delete(pods, ref)
    await expect(api.client.get(pods, ref)).rejects.toMatchObject({ code: 404 })
  })
})

describe('an update', () => {
  const ref = { name: 'changes', namespace: 'default' }
  const patch = (metadata: object): Promise<Stored> =>
    api.client.patch(configMaps, ref, { type: 'merge', body: { metadata } } as never)
  beforeAll(() => api.client.create(configMaps, { metadata: ref }))

  it('refuses another uid as a field that may not change when patched, and tells it once', async () => {
    await expect(patch({ uid: 'other' })).rejects.toMatchObject({
      code: 422,
      message: 'ConfigMap "changes" is invalid: metadata.uid: Invalid value: "other": field is immutable',
    })
  })

  it('cannot read a resourceVersion that is no number', async () => {
    await expect(patch({ resourceVersion: 'a/b' })).rejects.toMatchObject({
      code: 500,
      message: 'strconv.ParseUint: parsing "a/b": invalid syntax',
    })
  })

  it('stores no selfLink', async () => {
    expect((await patch({ selfLink: '/a', labels: { a: 'b' } })).metadata).not.toHaveProperty('selfLink')
  })
})
