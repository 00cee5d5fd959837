import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { decideStaticPods } from './decide.ts'
import { readFolder } from './folder.ts'
import { mirrorOf, readManifest, runnableOf, type StaticPod } from './manifest.ts'

const text =
  'apiVersion: v1\nkind: Pod\nmetadata: { name: web, labels: { app: web } }\nspec: { containers: [{ name: c, image: a }] }\n'
const read = (manifest = text, path = '/m/web.yaml'): StaticPod => readManifest(manifest, { path, nodeName: 'Node-1' })
const node = { metadata: { name: 'Node-1', uid: 'n', resourceVersion: '1' } }
const mirrorFor = (pod: StaticPod, more: Partial<Stored<Pod>['metadata']> = {}): Stored<Pod> => {
  const mirror = mirrorOf(pod, node, '2026-01-01T00:00:00Z')
  return {
    ...mirror,
    metadata: {
      ...mirror.metadata,
      name: pod.name,
      namespace: pod.namespace,
      uid: 'mirror',
      resourceVersion: '9',
      ...more,
    },
  }
}

describe('the pod of a manifest', () => {
  test('is named after its node, bound to it, and stays whatever becomes of it', () => {
    const { pod, name, uid } = read()
    expect(name).toBe('web-node-1')
    expect(pod.metadata).toMatchObject({
      namespace: 'default',
      labels: { app: 'web' },
      annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': uid },
    })
    expect(pod.spec).toMatchObject({ nodeName: 'Node-1', tolerations: [{ operator: 'Exists', effect: 'NoExecute' }] })
  })

  test('is another one with another content or in another file', () => {
    expect(read().uid).toBe(read().uid)
    expect(
      new Set([read().uid, read(text.replace('image: a', 'image: b')).uid, read(text, '/m/x.yaml').uid]).size,
    ).toBe(3)
    expect(read(text.replace('name: web,', 'name: web, uid: own,')).uid).toBe('own')
  })

  test.each([
    ['no YAML', 'a: [', /./],
    ['another kind', text.replace('Pod', 'Service'), 'not a manifest of kind Pod, apiVersion v1'],
    ['nothing', '', 'not a manifest of kind Pod, apiVersion v1'],
    ['no name', text.replace('name: web,', ''), 'metadata.name: Required value'],
    ['no containers', text.replace(/spec.*/, ''), 'spec.containers: Required value'],
  ])('is refused when it is %s', (_what, manifest, message) => {
    expect(() => read(manifest)).toThrow(message)
  })

  test('has a mirror of which it takes the defaults and the status, but not its uid or its end', () => {
    const mirror = mirrorFor(read(), { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(mirror.metadata.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'Node', name: 'Node-1', uid: 'n', controller: true },
    ])
    const { metadata } = runnableOf(read(), mirror)
    expect(metadata.uid).toBe(read().uid)
    expect(metadata.deletionTimestamp).toBeUndefined()
    expect(metadata.annotations?.['kubernetes.io/config.mirror']).toBeUndefined()
  })
})

describe('of the files of the folder', () => {
  let folder: string
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'manifests-'))))
  afterEach(() => rm(folder, { recursive: true }))

  test('hidden ones are left out, and what is wrong with others is said', async () => {
    await writeFile(join(folder, 'a.yaml'), text)
    await writeFile(join(folder, 'b.json'), text)
    await writeFile(join(folder, '.swp'), 'x')
    await writeFile(join(folder, 'c.yaml'), 'x')
    const { pods, problems } = await readFolder(folder, 'w')
    expect(pods.map(({ name }) => name)).toEqual(['web-w'])
    expect([...problems]).toEqual([
      [join(folder, 'b.json'), 'another file has a pod of the name default/web-w'],
      [join(folder, 'c.yaml'), 'not a manifest of kind Pod, apiVersion v1'],
    ])
    expect(await readFolder(join(folder, 'missing'), 'w')).toMatchObject({ pods: [] })
  })
})

describe('what is done', () => {
  const pod = read()
  const other = read(text.replace('image: a', 'image: b'))
  const none = new Map<string, string>()
  const key = 'default/web-node-1'
  const decide = (wanted: StaticPod[], mirrors: Stored<Pod>[], running = none) => {
    const { run, create, remove, end } = decideStaticPods({ wanted, mirrors, running })
    return { run: run.map(({ pod: { uid } }) => uid), create: create.length, remove: remove.length, end }
  }
  const nothing = { run: [], create: 0, remove: 0, end: [] }

  test('a new file gets a mirror, then its pod runs', () => {
    expect(decide([pod], [])).toEqual({ ...nothing, create: 1 })
    expect(decide([pod], [mirrorFor(pod)])).toEqual({ ...nothing, run: [pod.uid] })
  })

  test('a mirror that somebody deletes is made anew; the pod goes on', () => {
    const running = new Map([[pod.uid, key]])
    const deleted = mirrorFor(pod, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(decide([pod], [deleted], running)).toEqual({ ...nothing, remove: 1 })
    expect(decide([pod], [], running)).toEqual({ ...nothing, create: 1 })
  })

  test('a changed file ends the pod, and the next one follows when that has ended', () => {
    const running = new Map([[pod.uid, key]])
    expect(decide([other], [mirrorFor(pod)], running)).toEqual({ ...nothing, end: [pod.uid] })
    expect(decide([other], [mirrorFor(pod)])).toEqual({ ...nothing, remove: 1 })
    expect(decide([other], [])).toEqual({ ...nothing, create: 1 })
  })

  test('without its file, the pod ends, and a mirror that is left goes', () => {
    expect(decide([], [mirrorFor(pod)], new Map([[pod.uid, key]]))).toEqual({ ...nothing, end: [pod.uid] })
    expect(decide([], [mirrorFor(pod)])).toEqual({ ...nothing, remove: 1 })
  })
})
