import { describe, expect, test } from 'vitest'
import type { Volume } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { FitError, NodePicker } from '../node-picker.ts'
import { NominatedPods } from '../nominated-pods.ts'
import { podInfoOf } from '../pod-info.ts'
import { findPreemption } from '../preemption.ts'
import { clusterOf, contextOf, defaultPlugins, node, pod, verdicts, type PodOptions } from '../scheduler.fixture.ts'
import { nodeVolumeLimits } from './node-volume-limits.ts'
import { volumeRestrictions } from './volume-restrictions.ts'
import { volumeZone } from './volume-zone.ts'

const using = (name: string, ...claims: string[]) =>
  pod(name, {
    volumes: claims.map((claimName, index) => ({ name: `v${index}`, persistentVolumeClaim: { claimName } })),
  })
const claim = (name: string, spec: object = {}): KubeObject =>
  ({
    metadata: {
      namespace: 'default',
      name,
      uid: `uid-${name}`,
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
    },
    spec: { volumeName: `pv-${name}`, accessModes: ['ReadWriteOnce'], ...spec },
  }) as KubeObject
const csiVolume = (name: string, handle: string, driver = 'csi.example.com', labels = {}): KubeObject =>
  ({ metadata: { name, labels }, spec: { csi: { driver, volumeHandle: handle } } }) as KubeObject

describe('VolumeRestrictions', () => {
  const taken = 'node(s) had no available disk'
  const disk = (name: string, ...volumes: Omit<Volume, 'name'>[]) =>
    pod(name, { volumes: volumes.map((each, index) => ({ name: `v${index}`, ...each })) })
  const rows: [string, Omit<Volume, 'name'>, Omit<Volume, 'name'>, boolean][] = [
    ['a GCE disk', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'd' } }, true],
    [
      'a GCE disk that both only read',
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      false,
    ],
    ['another GCE disk', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'e' } }, false],
    [
      'an EBS volume, read or not',
      { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
      { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
      true,
    ],
    [
      'an iSCSI target',
      { iscsi: { iqn: 'q', lun: 0, targetPortal: 'a', readOnly: true } },
      { iscsi: { iqn: 'q', lun: 1, targetPortal: 'b' } },
      true,
    ],
    [
      'an RBD image by one common monitor',
      { rbd: { image: 'i', monitors: ['a', 'b'] } },
      { rbd: { image: 'i', monitors: ['b', 'c'], pool: 'rbd' } },
      true,
    ],
    [
      'an RBD image of other monitors',
      { rbd: { image: 'i', monitors: ['a'] } },
      { rbd: { image: 'i', monitors: ['c'] } },
      false,
    ],
    [
      'another kind of disk',
      { gcePersistentDisk: { pdName: 'd' } },
      { awsElasticBlockStore: { volumeID: 'd' } },
      false,
    ],
  ]
  test.each(rows)('%s', (_, wanted, there, isTaken) => {
    const cluster = clusterOf([node('a'), node('b')], { a: [disk('other', {}, there)] })
    expect(verdicts(volumeRestrictions(contextOf()), disk('p', wanted), cluster)).toEqual({
      a: isTaken ? taken : 'ok',
      b: 'ok',
    })
  })

  const exclusive = claim('data', { accessModes: ['ReadWriteOncePod'] })
  const inUse =
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'

  test('a ReadWriteOncePod claim is used by one pod in the whole cluster', () => {
    const plugin = volumeRestrictions(contextOf({ claims: [exclusive] }))
    const cluster = clusterOf([node('a'), node('b')], { a: [using('other', 'data')] })
    expect(verdicts(plugin, using('p', 'data'), cluster)).toEqual({ a: inUse, b: inUse })
    cluster.removePod('default/other')
    expect(verdicts(plugin, using('p', 'data'), cluster)).toEqual({ a: 'ok', b: 'ok' })
    expect(verdicts(plugin, using('p', 'missing'), cluster)).toEqual({
      '*': 'persistentvolumeclaim "missing" not found',
    })
  })

  test('a more important pod takes over its claim', () => {
    const context = contextOf({ claims: [exclusive], volumes: [csiVolume('pv-data', 'h')] })
    const cluster = clusterOf([node('a'), node('b')], { a: [using('other', 'data')] })
    const wanted = using('p', 'data')
    const important = podInfoOf({ ...wanted, spec: { containers: [], ...wanted.spec, priority: 10 } })
    const nominated = new NominatedPods()
    try {
      new NodePicker({ plugins: defaultPlugins(context), cluster, nominated }).pick(important)
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof FitError) || !error.failure) throw error
      expect(error.message).toBe(`0/2 nodes are available: 2 ${inUse}.`)
      const candidates = { share: 0.1, least: 100 }
      expect(
        findPreemption(important, error.failure, {
          cluster,
          nominated,
          candidates,
          budgets: () => [],
          now: 0,
          random: () => 0,
        }),
      ).toMatchObject({ node: { name: 'a' }, victims: [{ key: 'default/other' }] })
    }
  })

  test('the end of the other user helps', () => {
    const plugin = volumeRestrictions(contextOf({ claims: [exclusive] }))
    const cluster = clusterOf([node('a')])
    const gone = (options: PodOptions | string) =>
      plugin.mayHelp?.(
        {
          type: 'pod-removed',
          node: cluster.node('a')!,
          pod: podInfoOf(typeof options === 'string' ? using('o', options) : pod('o', options)),
        },
        podInfoOf(using('p', 'data')),
      )
    expect([gone('data'), gone('other'), gone({})]).toEqual([true, false, false])
  })
})

describe('NodeVolumeLimits', () => {
  const exceeded = 'node(s) exceed max volume count'
  const csiNode = (name: string, count: number | undefined, driver = 'csi.example.com', annotations = {}): KubeObject =>
    ({
      metadata: { name, annotations },
      spec: { drivers: [{ name: driver, nodeID: name, ...(count === undefined ? {} : { allocatable: { count } }) }] },
    }) as KubeObject
  const names = ['one', 'two', 'three']
  const claims = names.map((name) => claim(name))
  const volumes = names.map((name) => csiVolume(`pv-${name}`, name))
  const judge = (
    wanted: Parameters<typeof verdicts>[1],
    objects: Record<string, KubeObject[]>,
    there = [using('x', 'one')],
  ) =>
    verdicts(
      nodeVolumeLimits(contextOf({ claims, volumes, ...objects })),
      wanted,
      clusterOf([node('a'), node('b')], { a: there }),
    )

  test('counts the volumes that the pods of the node have', () => {
    const csiNodes = [csiNode('a', 1), csiNode('b', 1)]
    expect(judge(using('p', 'two'), { csiNodes })).toEqual({ a: exceeded, b: 'ok' })
    expect(judge(using('p', 'two', 'three'), { csiNodes })).toEqual({ a: exceeded, b: exceeded })
  })

  test('a volume that is there already counts once', () => {
    expect(judge(using('p', 'one'), { csiNodes: [csiNode('a', 1)] })).toEqual({ a: 'ok', b: 'ok' })
  })

  test('a node that names no limit has none, a limit of 0 is one', () => {
    const csiNodes = [csiNode('a', undefined), csiNode('b', 0)]
    expect(judge(using('p', 'two'), { csiNodes })).toEqual({ a: 'ok', b: exceeded })
    expect(judge(using('p', 'two'), { csiNodes: [csiNode('b', 0, 'another.example.com')] })).toEqual({
      a: 'ok',
      b: 'ok',
    })
  })

  test('counts what is still attached, though its pod has gone', () => {
    const attachment = {
      metadata: { name: 'va' },
      spec: { attacher: 'csi.example.com', nodeName: 'b', source: { persistentVolumeName: 'pv-three' } },
    } as KubeObject
    const csiNodes = [csiNode('b', 1)]
    expect(judge(using('p', 'two'), { csiNodes, volumeAttachments: [attachment] })['b']).toBe(exceeded)
    expect(judge(using('p', 'three'), { csiNodes, volumeAttachments: [attachment] })['b']).toBe('ok')
  })

  test('a claim that is not provisioned yet counts for the driver of its class', () => {
    const waiting = claim('late', { volumeName: undefined, storageClassName: 'late' })
    const storageClasses = [{ metadata: { name: 'late' }, provisioner: 'csi.example.com' } as KubeObject]
    const objects = { claims: [...claims, waiting], storageClasses, csiNodes: [csiNode('a', 1), csiNode('b', 1)] }
    expect(judge(using('p', 'late'), objects)).toEqual({ a: exceeded, b: 'ok' })
  })

  test('volumes of in-tree plugins count where the node has moved them to a driver', () => {
    const inline = (name: string, volumeID: string) =>
      pod(name, { volumes: [{ name: 'v', awsElasticBlockStore: { volumeID } }] })
    const moved = { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs,kubernetes.io/gce-pd' }
    const csiNodes = [csiNode('a', 1, 'ebs.csi.aws.com', moved), csiNode('b', 0, 'ebs.csi.aws.com')]
    expect(judge(inline('p', 'd2'), { csiNodes }, [inline('x', 'd1')])).toEqual({ a: exceeded, b: 'ok' })
  })
})

describe('VolumeZone', () => {
  const zone = 'topology.kubernetes.io/zone'
  const beta = 'failure-domain.beta.kubernetes.io/zone'
  const elsewhere = 'node(s) had no available volume zone'
  const cluster = clusterOf([
    node('a', { labels: { [zone]: 'z1' } }),
    node('b', { labels: { [zone]: 'z2' } }),
    node('c'),
  ])
  const judge = (labels: Record<string, string>) =>
    verdicts(
      volumeZone(contextOf({ claims: [claim('data')], volumes: [csiVolume('pv-data', 'h', 'd', labels)] })),
      using('p', 'data'),
      cluster,
    )
  const rows: [string, Record<string, string>, Record<string, string>][] = [
    ['its zone', { [zone]: 'z1' }, { a: 'ok', b: elsewhere, c: 'ok' }],
    ['one of its zones', { [zone]: 'z2__z3' }, { a: elsewhere, b: 'ok', c: 'ok' }],
    ['the old label', { [beta]: 'z1' }, { a: 'ok', b: elsewhere, c: 'ok' }],
    ['a label with an empty zone is ignored', { [zone]: 'z3__' }, { a: 'ok', b: 'ok', c: 'ok' }],
    ['a region that no node names', { 'topology.kubernetes.io/region': 'r' }, { a: elsewhere, b: elsewhere, c: 'ok' }],
    ['no label', {}, { a: 'ok', b: 'ok', c: 'ok' }],
  ]
  test.each(rows)('%s', (_, labels, expected) => expect(judge(labels)).toEqual(expected))

  test('a volume that is not there', () => {
    const plugin = volumeZone(contextOf({ claims: [claim('data')] }))
    expect(verdicts(plugin, using('p', 'data'), cluster)).toEqual({ '*': 'persistentvolume "pv-data" not found' })
  })
})
