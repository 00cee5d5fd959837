import { describe, expect, test } from 'vitest'
import { objectLines, readObjectLines, restored, type Target } from './objects.ts'

const moved: Target = { workers: new Map([['dev-worker-1', 'copy-worker-1']]), hasNewKeys: true }
const same: Target = { workers: new Map([['dev-worker-1', 'dev-worker-1']]), hasNewKeys: false }

interface Loose {
  metadata: Record<string, unknown>
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
  data?: Record<string, string>
}

/** The object after the restore, with the key under which it is; undefined where it is dropped. */
function restore(resource: string, object: Loose, target: Target = moved): (Loose & { key: string }) | undefined {
  const { namespace, name } = object.metadata as { namespace?: string; name: string }
  const key = `/registry/${resource}/${namespace === undefined ? '' : `${namespace}/`}${name}`
  const found = restored({ key, revision: 3, json: JSON.stringify(object) }, target)
  return found && { ...(JSON.parse(found.json) as Loose), key: found.key }
}

const pod = (more: Partial<Loose> = {}): Loose => ({
  metadata: { name: 'p', namespace: 'shop', uid: 'u', ...more.metadata },
  spec: { nodeName: 'dev-worker-1', containers: [], ...more.spec },
  status: { phase: 'Running', podIP: '10.244.0.2', qosClass: 'BestEffort', ...more.status },
})
const owned = { ownerReferences: [{ kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }] }

describe('pods', () => {
  test('of a controller are made by it anew', () => {
    expect(restore('core/pods', pod({ metadata: owned }))).toBeUndefined()
  })

  test('without a controller are scheduled anew, as other pods', () => {
    const found = restore('core/pods', pod())
    expect(found).toMatchObject({
      key: '/registry/core/pods/shop/p',
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    })
    expect(found?.spec).toEqual({ containers: [] })
    expect(found?.status).not.toHaveProperty('podIP')
    expect(found?.metadata.uid).not.toBe('u')
  })

  test('that have ended stay ended, on the worker that has taken the place of theirs', () => {
    const ended = pod({ metadata: owned, status: { phase: 'Succeeded' } })
    expect(restore('core/pods', ended)).toMatchObject({
      metadata: { uid: 'u' },
      spec: { nodeName: 'copy-worker-1' },
      status: { phase: 'Succeeded' },
    })
    expect(restore('core/pods', { ...ended, spec: { nodeName: 'gone' } })).toBeUndefined()
  })

  test('that are being deleted, and mirrors of static ones, are gone', () => {
    expect(restore('core/pods', pod({ metadata: { deletionTimestamp: 'now' } }))).toBeUndefined()
    expect(
      restore('core/pods', pod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } })),
    ).toBeUndefined()
  })
})

test('a node keeps labels and taints under the name of the new worker; others are gone', () => {
  const node = {
    metadata: { name: 'dev-worker-1', uid: 'u', labels: { disk: 'ssd', 'kubernetes.io/hostname': 'dev-worker-1' } },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
  }
  expect(restore('core/nodes', node)).toMatchObject({
    key: '/registry/core/nodes/copy-worker-1',
    metadata: { name: 'copy-worker-1', labels: { disk: 'ssd', 'kubernetes.io/hostname': 'copy-worker-1' } },
    spec: node.spec,
  })
  expect(restore('core/nodes', node, same)).toEqual({ ...node, key: '/registry/core/nodes/dev-worker-1' })
  expect(restore('core/nodes', { metadata: { name: 'dev-worker-9' } })).toBeUndefined()
})

test('tokens are issued anew where the keys are others, and only there', () => {
  const token = {
    metadata: { name: 't', namespace: 'shop' },
    type: 'kubernetes.io/service-account-token',
    data: { token: 'x' },
  }
  expect(restore('core/secrets', token)).not.toHaveProperty('data')
  expect(restore('core/secrets', token, same)).toMatchObject({ data: { token: 'x' } })
  expect(restore('core/secrets', { ...token, type: 'Opaque' } as Loose)).toMatchObject({ data: { token: 'x' } })
})

test('a volume of a worker follows it', () => {
  const volume = (host: string): Loose => ({
    metadata: { name: 'v' },
    spec: {
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] },
          ],
        },
      },
    },
  })
  expect(restore('core/persistentvolumes', volume('dev-worker-1'))).toMatchObject(volume('copy-worker-1'))
})

test('what says which worker lives is gone, everything else is as it was', () => {
  expect(
    restore('coordination.k8s.io/leases', { metadata: { name: 'w', namespace: 'kube-node-lease' } }),
  ).toBeUndefined()
  expect(restore('storage.k8s.io/volumeattachments', { metadata: { name: 'a' } })).toBeUndefined()
  const map = { key: '/registry/core/configmaps/shop/c', revision: 4, json: '{"data":{"n":"12345678901234567890"}}' }
  expect(restored(map, moved)).toBe(map)
})

test('lines come back as they were, wherever the bytes are parted', async () => {
  const objects = [
    { key: '/registry/core/configmaps/shop/a', revision: 3, json: '{"data":{"text":"tab\\tend\\n ü"}}' },
    { key: '/registry/core/configmaps/shop/b', revision: 12, json: '{}' },
  ]
  const bytes = Buffer.concat([...objectLines(objects.map((each) => ({ ...each, json: Buffer.from(each.json) })))])
  for (const size of [1, 7, 1_000]) {
    const parts = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
    }
    expect(await all(readObjectLines(parts()))).toEqual(objects)
  }
  const cut = async function* (): AsyncGenerator<Buffer> {
    yield await Promise.resolve(bytes.subarray(0, bytes.length - 2))
  }
  await expect(all(readObjectLines(cut()))).rejects.toThrow('cut short')
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
