import { describe, expect, it } from 'vitest'
import { encodeProtobuf, encodeProtobufEvent, encodeProtobufList, hasProtobuf } from './protobuf-encode.ts'
import { decodeProtobuf } from './protobuf.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p',
    namespace: 'default',
    uid: '0b0f4ad4-6b0c-4ae6-8ab5-7bd9b0a5b2b4',
    resourceVersion: '12',
    generation: 3,
    creationTimestamp: '2026-11-23T10:00:01Z',
    labels: { app: 'web', empty: '' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u', controller: true }],
    managedFields: [
      {
        manager: 'm',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-11-23T10:00:01Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:containers': {} } },
      },
    ],
  },
  spec: {
    volumes: [
      { name: 'v', emptyDir: {} },
      { name: 'c', configMap: { name: 'settings', defaultMode: 420, optional: false } },
    ],
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        command: ['sleep', '1'],
        env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        resources: { limits: { cpu: '500m', memory: '64Mi' } },
        readinessProbe: { httpGet: { path: '/', port: 'web', scheme: 'HTTP' }, periodSeconds: 10 },
        livenessProbe: { tcpSocket: { port: 80 }, initialDelaySeconds: 1 },
        securityContext: { privileged: false, runAsUser: 0 },
      },
    ],
    terminationGracePeriodSeconds: 0,
    tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: -1 }],
    nodeSelector: { disk: 'ssd' },
  },
  status: { phase: 'Running', podIPs: [{ ip: '10.244.0.2' }], startTime: '2026-11-23T10:00:02Z' },
}

describe('an object as protobuf', () => {
  it('comes back as what it was', () => {
    expect(decodeProtobuf(encodeProtobuf(pod))).toEqual(pod)
  })

  it('has the bytes that Go writes', () => {
    const bytes = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { k: 'v' },
    } as never)
    // k8s\0, Unknown{typeMeta{v1, ConfigMap}, raw{metadata{name a}, data{k: v}}}
    expect(bytes.toString('hex')).toBe(
      '6b387300' + '0a0f' + '0a027631' + '1209436f6e6669674d6170' + '120d' + '0a030a0161' + '12060a016b120176',
    )
  })

  it('keeps fractions of MicroTime, bytes, doubles and negative numbers', () => {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l' },
      spec: { holderIdentity: 'me', leaseDurationSeconds: 40, renewTime: '2026-11-23T10:00:01.000123Z' },
    }
    expect(decodeProtobuf(encodeProtobuf(lease))).toEqual(lease)
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { k: 'AAEC/w==' },
      type: 'Opaque',
    }
    expect(decodeProtobuf(encodeProtobuf(secret))).toEqual(secret)
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { replicas: 0, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } } },
    }
    expect(decodeProtobuf(encodeProtobuf(deployment))).toEqual({
      ...deployment,
      spec: { ...deployment.spec, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } } },
    })
  })

  it('is known for kinds that have a message alone', () => {
    expect(hasProtobuf('v1', 'Pod')).toBe(true)
    expect(hasProtobuf('meta.k8s.io/v1', 'PartialObjectMetadata')).toBe(true)
    expect(hasProtobuf('example.com/v1', 'Ship')).toBe(false)
  })
})

it('a list is its metadata and its items', () => {
  const list = { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '12', remainingItemCount: 4 } }
  expect(decodeProtobuf(encodeProtobufList(list, [pod, pod]))).toEqual({
    ...list,
    items: [
      { ...pod, apiVersion: undefined, kind: undefined },
      { ...pod, apiVersion: undefined, kind: undefined },
    ],
  })
})

it('an event of a watch is framed by its length, its object enveloped', () => {
  const frame = encodeProtobufEvent('ADDED', pod)
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
  expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED')
  const envelope = frame.indexOf('k8s\0')
  expect(decodeProtobuf(frame.subarray(envelope))).toEqual(pod)
})
