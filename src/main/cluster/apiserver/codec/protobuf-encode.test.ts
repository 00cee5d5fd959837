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
  it('round-trips', () => {
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

  it.each([
    [
      'fields newer than the descriptors',
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: {
          containers: [
            {
              name: 'c',
              env: [
                { name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'f', key: 'k', optional: false } } },
              ],
              restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [3, 42] } }],
              lifecycle: { stopSignal: 'SIGUSR1' },
            },
          ],
          hostnameOverride: 'h',
        },
        status: { observedGeneration: 2, allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '1' } } },
      },
    ],
    [
      'names that differ from Go’s',
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IngressClass',
        metadata: { name: 'i' },
        spec: { controller: 'example.com/c', parameters: { apiGroup: 'example.com', kind: 'K', name: 'n' } },
      },
    ],
    [
      'zero of numbers or strings',
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'b' },
        spec: { maxUnavailable: 0 },
      },
    ],
    [
      'devices',
      {
        apiVersion: 'resource.k8s.io/v1',
        kind: 'ResourceSlice',
        metadata: { name: 's' },
        spec: {
          driver: 'd.example.com',
          pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
          nodeName: 'n',
          devices: [
            {
              name: 'gpu',
              attributes: { index: { int: 0 }, ecc: { bool: false }, model: { string: 'm' } },
              capacity: { memory: { value: '8Gi' } },
            },
          ],
        },
      },
    ],
    [
      'embedded configuration',
      {
        apiVersion: 'resource.k8s.io/v1',
        kind: 'DeviceClass',
        metadata: { name: 'c' },
        spec: {
          selectors: [{ cel: { expression: 'true' } }],
          config: [{ opaque: { driver: 'd.example.com', parameters: { a: [1] } } }],
        },
      },
    ],
    [
      'an APIService',
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1.example.com' },
        spec: {
          service: { namespace: 'n', name: 's', port: 443 },
          group: 'example.com',
          version: 'v1',
          caBundle: 'AAEC',
          groupPriorityMinimum: 100,
          versionPriority: 10,
        },
      },
    ],
    [
      'an IPAddress',
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IPAddress',
        metadata: { name: '10.96.0.1' },
        spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } },
      },
    ],
    [
      'a CustomResourceDefinition',
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'ships.example.com' },
        spec: {
          group: 'example.com',
          names: { plural: 'ships', kind: 'Ship', shortNames: ['sh'] },
          scope: 'Namespaced',
          versions: [
            {
              name: 'v1',
              served: true,
              storage: false,
              subresources: { status: {}, scale: { specReplicasPath: '.spec.r', statusReplicasPath: '.status.r' } },
              schema: {
                openAPIV3Schema: {
                  $ref: '#/a',
                  type: 'object',
                  required: ['spec'],
                  properties: {
                    spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                    crew: { type: 'integer', minimum: 0, maximum: 2.5, default: 0, enum: [0, 'a', null, { b: false }] },
                    open: { type: 'object', additionalProperties: true },
                    shut: { type: 'object', additionalProperties: false },
                    map: { type: 'object', additionalProperties: { type: 'string', minLength: 0 } },
                    list: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                    pair: { type: 'array', items: [{ type: 'string' }, { type: 'boolean', default: false }] },
                    deps: { type: 'object', dependencies: { a: ['b'], c: { type: 'string' } } },
                  },
                  'x-kubernetes-validations': [{ rule: 'self == oldSelf', optionalOldSelf: true }],
                },
              },
            },
          ],
        },
      },
    ],
  ])('keeps %s', (_, object) => {
    expect(decodeProtobuf(encodeProtobuf(object))).toEqual(object)
  })

  it('is supported only for kinds that have a message', () => {
    expect(hasProtobuf('v1', 'Pod')).toBe(true)
    expect(hasProtobuf('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema')).toBe(true)
    expect(hasProtobuf('apps.example.com/v1', 'Deployment')).toBe(false)
    expect(hasProtobuf('meta.k8s.io/v1', 'PartialObjectMetadata')).toBe(true)
    expect(hasProtobuf('example.com/v1', 'Ship')).toBe(false)
  })
})

it('encodes a list as its metadata and its items', () => {
  const list = { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '12', remainingItemCount: 4 } }
  expect(decodeProtobuf(encodeProtobufList(list, [pod, pod]))).toEqual({
    ...list,
    items: [
      { ...pod, apiVersion: undefined, kind: undefined },
      { ...pod, apiVersion: undefined, kind: undefined },
    ],
  })
})

it('frames a watch event by its length, with its object in an envelope', () => {
  const frame = encodeProtobufEvent('ADDED', pod)
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
  expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED')
  const envelope = frame.indexOf('k8s\0')
  expect(decodeProtobuf(frame.subarray(envelope))).toEqual(pod)
})
