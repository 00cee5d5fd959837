import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { stored } from '#test/support/stored.ts'
import type { Node, PersistentVolume, Pod, VolumeAttachment } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  csiDrivers,
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
} from '#shared/kube/resources.ts'
import { decideAttachments, forceDetachMs, type AttachView } from './decide.ts'
import { startAttachDetach } from './index.ts'

describe('of one volume', () => {
  const volume = (accessModes = ['ReadWriteOnce']): Stored<PersistentVolume> =>
    stored<PersistentVolume>({ metadata: { name: 'pv' }, spec: { accessModes } })
  const on = (nodeName: string, deletionTimestamp?: string): Stored<VolumeAttachment> =>
    stored<VolumeAttachment>({
      metadata: { name: `on-${nodeName}`, ...(deletionTimestamp ? { deletionTimestamp } : {}) },
      spec: { attacher: 'd', nodeName, source: { persistentVolumeName: 'pv' } },
    })
  const user = (name: string, namespace = 'n'): Stored<Pod> =>
    stored<Pod>({ metadata: { name, namespace }, spec: { containers: [] } })
  const node = (ready: string, taints: string[] = []): Stored<Node> =>
    stored<Node>({
      metadata: { name: 'w' },
      spec: { taints: taints.map((key) => ({ key, effect: 'NoExecute' })) },
      status: { conditions: [{ type: 'Ready', status: ready }], volumesInUse: ['unique'] },
    })
  const view = (more: Partial<AttachView>): AttachView => ({
    volume: volume(),
    attachments: [],
    wanted: new Map(),
    unwantedMs: () => 0,
    node: () => undefined,
    uniqueName: 'unique',
    ...more,
  })
  const lines = (more: Partial<AttachView>): string[] =>
    decideAttachments(view(more)).map((step) => {
      const where = step.do === 'detach' ? step.attachment.metadata.name : step.node
      return [step.do, where, ...(step.do === 'refuse' ? [step.message] : [])].join(' ')
    })
  const exclusively = `Multi-Attach error for volume "pv" Volume is already exclusively attached to one node and can't be attached to another`

  test.each<[string, Partial<AttachView>, string[]]>([
    ['attached to the node of its pod', { wanted: new Map([['a', [user('p')]]]) }, ['attach a']],
    ['left where it is', { wanted: new Map([['a', [user('p')]]]), attachments: [on('a')] }, []],
    ['detached when no pod has it', { attachments: [on('a')] }, ['detach on-a']],
    ['not detached twice', { attachments: [on('a', '2026-01-01T00:00:00Z')] }, []],
    ['detached though it is gone', { volume: undefined, attachments: [on('a')] }, ['detach on-a']],
    ['not detached while its node uses it', { attachments: [on('w')], node: () => node('True') }, ['wait w']],
    [
      'kept by a healthy node however long',
      { attachments: [on('w')], node: () => node('True'), unwantedMs: () => forceDetachMs + 1 },
      ['wait w'],
    ],
    ['waited for on an unhealthy node', { attachments: [on('w')], node: () => node('Unknown') }, ['wait w']],
    [
      'taken from an unhealthy node after six minutes',
      { attachments: [on('w')], node: () => node('Unknown'), unwantedMs: () => forceDetachMs + 1 },
      ['detach on-w'],
    ],
    [
      'taken from a node that is out of service at once',
      { attachments: [on('w')], node: () => node('Unknown', ['node.kubernetes.io/out-of-service']) },
      ['detach on-w'],
    ],
    [
      'first detached, then attached elsewhere',
      { wanted: new Map([['b', [user('p')]]]), attachments: [on('a')] },
      ['detach on-a', `refuse b ${exclusively}`],
    ],
    [
      'of one writer on one node alone',
      {
        wanted: new Map([
          ['a', [user('p'), user('x', 'other')]],
          ['b', [user('q')]],
        ]),
      },
      [
        'attach a',
        'refuse b Multi-Attach error for volume "pv" Volume is already used by pod(s) p and 1 pod(s) in different namespaces',
      ],
    ],
    [
      'used from another namespace',
      {
        wanted: new Map([
          ['a', [user('x', 'other')]],
          ['b', [user('q')]],
        ]),
      },
      [
        'attach a',
        'refuse b Multi-Attach error for volume "pv" Volume is already used by 1 pod(s) in different namespaces',
      ],
    ],
    [
      'of many writers on many nodes',
      {
        volume: volume(['ReadWriteMany']),
        wanted: new Map([
          ['a', [user('p')]],
          ['b', [user('q')]],
        ]),
      },
      ['attach a', 'attach b'],
    ],
  ])('%s', (_what, more, expected) => {
    expect(lines(more)).toEqual(expected)
  })
})

describe('the controller', () => {
  let plane: TestControlPlane
  beforeEach(async () => {
    plane = await startControlPlane()
    plane.start(startAttachDetach)
    for (const name of ['w1', 'w2']) await plane.client.create(nodes, { metadata: { name } })
    await plane.client.create(persistentVolumes, {
      metadata: { name: 'pv' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: 'csi.test', volumeHandle: 'disk' },
      },
    })
    const { metadata } = await plane.client.create(persistentVolumeClaims, {
      metadata: { name: 'c', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv' },
    })
    const claimRef = { namespace: 'default', name: 'c', uid: metadata.uid }
    await plane.client.patch(persistentVolumes, { name: 'pv' }, { type: 'merge', body: { spec: { claimRef } } })
  })
  afterEach(() => plane.stop())

  const pod = (name: string, nodeName: string): Promise<unknown> =>
    plane.client.create(pods, {
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName,
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
      },
    })
  const untilSaid = (reason: string, text: string): Promise<unknown> =>
    plane.until(events, (all) => all.some((event) => event.reason === reason && event.message?.includes(text)))

  it('attaches a volume, tells node and pod, refuses a second node, and detaches', async () => {
    await pod('a', 'w1')
    const [made] = await plane.until(volumeAttachments, (all) => all.length === 1)
    if (!made) throw new Error('no attachment')
    expect(made.metadata.name).toMatch(/^csi-[0-9a-f]{64}$/)
    expect(made.spec).toEqual({ attacher: 'csi.test', nodeName: 'w1', source: { persistentVolumeName: 'pv' } })
    await plane.client.updateStatus(volumeAttachments, {
      ...made,
      status: { attached: false, attachError: { message: 'no free slot' } },
    })
    await untilSaid('FailedAttachVolume', 'AttachVolume.Attach failed for volume "pv" : no free slot')
    const failed = await plane.client.get(volumeAttachments, { name: made.metadata.name })
    await plane.client.updateStatus(volumeAttachments, { ...failed, status: { attached: true } })
    await untilSaid('SuccessfulAttachVolume', 'AttachVolume.Attach succeeded for volume "pv"')
    const name = 'kubernetes.io/csi/csi.test^disk'
    const attached = await plane.untilOne(nodes, 'w1', ({ status }) => Boolean(status?.volumesAttached?.length))
    expect(attached.status?.volumesAttached).toEqual([{ name, devicePath: '' }])
    const use = (volumesInUse: string[]): Promise<unknown> =>
      plane.client.patch(
        nodes,
        { name: 'w1' },
        { type: 'merge', body: { status: { volumesInUse } } },
        { subresource: 'status' },
      )
    await use([name])

    await pod('b', 'w2')
    await untilSaid('FailedAttachVolume', 'Multi-Attach error for volume "pv" Volume is already used by pod(s) a')
    await plane.client.delete(pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 })
    await use([])
    await plane.until(volumeAttachments, ([first, ...others]) => first?.spec.nodeName === 'w2' && others.length === 0)
    await plane.untilOne(nodes, 'w1', ({ status }) => !status?.volumesAttached?.length)
  })

  it('leaves attachments alone that others have made', async () => {
    const spec = { attacher: 'csi.test', nodeName: 'w1', source: { persistentVolumeName: 'pv' } }
    for (const source of ['pv', 'absent'])
      await plane.client.create(volumeAttachments, {
        metadata: { name: `of-${source}` },
        spec: { ...spec, source: { persistentVolumeName: source } },
      })
    await pod('a', 'w2')
    const all = await plane.until(volumeAttachments, ({ length }) => length === 3)
    expect(all.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['of-pv', 'of-absent']))
  })

  it('leaves volumes alone whose driver needs no attachment', async () => {
    await plane.client.create(csiDrivers, { metadata: { name: 'csi.test' }, spec: { attachRequired: false } })
    await plane.until(csiDrivers, (all) => all.length === 1)
    plane.start(startAttachDetach)
    await pod('a', 'w1')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await plane.client.list(volumeAttachments)).items).toEqual([])
  })
})
