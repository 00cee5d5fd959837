import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Change } from '../cluster-state.ts'
import { podInfoOf } from '../pod-info.ts'
import { clusterOf, contextOf, node, pod, verdicts } from '../scheduler.fixture.ts'
import { volumeBinding } from './volume-binding.ts'

const nodes = [node('a'), node('b')]
const on = (name: string) => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }],
  },
})
const claim = (spec: object, more: object = {}): KubeObject =>
  ({
    metadata: { namespace: 'default', name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    ...more,
  }) as KubeObject
const boundClaim = {
  metadata: { namespace: 'default', name: 'data', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
}
const volume = (name: string, where: string, more: object = {}): KubeObject =>
  ({
    metadata: { name },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      nodeAffinity: on(where),
      ...more,
    },
    status: { phase: 'Available' },
  }) as KubeObject
const local = {
  metadata: { name: 'local' },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
}
const wanted = pod('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] })
const judge = (objects: Record<string, KubeObject[]>) =>
  verdicts(volumeBinding(contextOf(objects)), wanted, clusterOf(nodes))

describe('a pod with a claim', () => {
  test('goes where the bound volume is', () => {
    const verdict = judge({ claims: [claim({ volumeName: 'v1' }, boundClaim)], volumes: [volume('v1', 'b')] })
    expect(verdict).toEqual({ a: "node(s) didn't match PersistentVolume's node affinity", b: 'ok' })
  })

  test('waits for a claim that is not there, not bound, or leaving', () => {
    expect(judge({})).toEqual({ '*': 'persistentvolumeclaim "data" not found' })
    expect(judge({ claims: [claim({})] })).toEqual({ '*': 'pod has unbound immediate PersistentVolumeClaims' })
    const leaving = claim({}, { metadata: { namespace: 'default', name: 'data', deletionTimestamp: 'now' } })
    expect(judge({ claims: [leaving] })).toEqual({ '*': 'persistentvolumeclaim "data" is being deleted' })
  })

  test('that waits for its consumer goes where a free volume is large enough', () => {
    const claims = [claim({ storageClassName: 'local' })]
    const nothing = "node(s) didn't find available persistent volumes to bind"
    expect(judge({ claims, storageClasses: [local], volumes: [volume('v1', 'a')] })).toEqual({ a: 'ok', b: nothing })
    const small = volume('v1', 'a', { capacity: { storage: '512Mi' } })
    const used = volume('v2', 'b', { claimRef: { name: 'other' } })
    expect(judge({ claims, storageClasses: [local], volumes: [small, used] })).toEqual({ a: nothing, b: nothing })
  })

  test('that waits for its consumer and can be provisioned goes anywhere', () => {
    const dynamic = { ...local, metadata: { name: 'dynamic' }, provisioner: 'slipway.dev/local' }
    const verdict = judge({ claims: [claim({ storageClassName: 'dynamic' })], storageClasses: [dynamic] })
    expect(verdict).toEqual({ a: 'ok', b: 'ok' })
  })
})

describe('a claim that is provisioned', () => {
  const dynamic = { ...local, metadata: { name: 'dynamic' }, provisioner: 'csi.example.com' }
  const driver = (storageCapacity: boolean) => ({ metadata: { name: 'csi.example.com' }, spec: { storageCapacity } })
  const pool = (node: string, capacity: string, more: object = {}) =>
    ({
      metadata: { namespace: 'kube-system', name: `${node}-${capacity}` },
      storageClassName: 'dynamic',
      capacity,
      nodeTopology: { matchLabels: { 'kubernetes.io/hostname': node } },
      ...more,
    }) as KubeObject
  const claims = [claim({ storageClassName: 'dynamic', resources: { requests: { storage: '10Gi' } } })]
  const provisioned = (more: Record<string, KubeObject[]>) => judge({ claims, storageClasses: [dynamic], ...more })
  const tooFull = 'node(s) did not have enough free storage'

  test('goes where its driver has room', () => {
    const pools = [pool('a', '5Gi'), pool('b', '20Gi')]
    expect(provisioned({ csiDrivers: [driver(true)], storageCapacities: pools })).toEqual({ a: tooFull, b: 'ok' })
    expect(provisioned({ csiDrivers: [driver(false)], storageCapacities: pools })).toEqual({ a: 'ok', b: 'ok' })
  })

  test('is no larger than the largest volume of the pool, and needs a pool that is known', () => {
    const pools = [pool('a', '20Gi', { maximumVolumeSize: '8Gi' }), pool('b', '20Gi', { nodeTopology: undefined })]
    expect(provisioned({ csiDrivers: [driver(true)], storageCapacities: pools })).toEqual({ a: tooFull, b: tooFull })
  })

  test('stays with the node that was chosen for it', () => {
    const metadata = {
      namespace: 'default',
      name: 'data',
      annotations: { 'volume.kubernetes.io/selected-node': 'b' },
    }
    const chosen = [claim({ storageClassName: 'dynamic' }, { metadata })]
    expect(judge({ claims: chosen, storageClasses: [dynamic] })).toEqual({
      a: "node(s) didn't find available persistent volumes to bind",
      b: 'ok',
    })
  })

  test('waits for the controller that creates it, and must belong to the pod', () => {
    const ephemeral = pod('p', { volumes: [{ name: 'v', ephemeral: {} }] })
    const of = (objects: KubeObject[]) =>
      verdicts(volumeBinding(contextOf({ claims: objects, storageClasses: [dynamic] })), ephemeral, clusterOf(nodes))
    expect(of([])).toEqual({
      '*': 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"',
    })
    const anothers = claim({ storageClassName: 'dynamic' }, { metadata: { namespace: 'default', name: 'p-v' } })
    expect(of([anothers])).toEqual({ '*': 'PVC default/p-v was not created for pod default/p (pod is not owner)' })
  })
})

test('two pods do not get the same volume', () => {
  const named = (name: string) =>
    claim({ storageClassName: 'local' }, { metadata: { namespace: 'default', name, uid: `uid-${name}` } })
  const using = (name: string) => pod(name, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }] })
  const plugin = volumeBinding(
    contextOf({ claims: [named('one'), named('two')], storageClasses: [local], volumes: [volume('v1', 'a')] }),
  )
  const cluster = clusterOf(nodes)
  const nothing = "node(s) didn't find available persistent volumes to bind"
  const release = plugin.plan?.(podInfoOf(using('one')), cluster)?.reserve?.(cluster.node('a')!)
  expect(verdicts(plugin, using('two'), cluster)).toEqual({ a: nothing, b: nothing })
  expect(verdicts(plugin, using('one'), cluster)).toEqual({ a: 'ok', b: nothing })
  release?.()
  expect(verdicts(plugin, using('two'), cluster)).toEqual({ a: 'ok', b: nothing })
})

test('only changes of its own storage help', () => {
  const plugin = volumeBinding(contextOf())
  const info = podInfoOf(wanted)
  const capacity = (bytes: string) => ({ metadata: { name: 'c' }, storageClassName: 'dynamic', capacity: bytes })
  const changed = (type: Change['type'], object: object, previous?: object): boolean | undefined =>
    plugin.mayHelp?.(
      { type, action: previous ? 'updated' : 'added', object, ...(previous ? { previous } : {}) } as Change,
      info,
    )
  expect(changed('claim', claim({}))).toBe(true)
  expect(changed('claim', claim({}, { metadata: { namespace: 'default', name: 'other' } }))).toBe(false)
  expect(changed('storage-capacity', capacity('2Gi'), capacity('1Gi'))).toBe(true)
  expect(changed('storage-capacity', capacity('1Gi'), capacity('2Gi'))).toBe(false)
  expect(changed('storage-class', local, local)).toBe(false)
})
