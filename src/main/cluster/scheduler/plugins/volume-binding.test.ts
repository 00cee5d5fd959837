import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
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
    const verdict = judge({ claims: [claim({ volumeName: 'v1' })], volumes: [volume('v1', 'b')] })
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
