import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { serviceAllocator } from '../registry/service-allocator.ts'
import { loadSchema } from '../schema/schema.ts'
import { kinds } from './index.ts'

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } }
const running = { selector: { matchLabels: { app: 'a' } }, template }

const rule = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }

/** A minimal valid object of each kind. */
const examples: Record<string, Record<string, unknown>> = {
  'v1/ConfigMap': { data: { a: 'b' } },
  'v1/Endpoints': { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  'v1/Event': { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'Started', message: 'm' },
  'v1/Namespace': {},
  'v1/Node': { status: { capacity: { cpu: '2' } } },
  'v1/PersistentVolumeClaim': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  'v1/PersistentVolume': {
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/data' } },
  },
  'v1/Pod': { spec: template.spec },
  'v1/PodTemplate': { template },
  'v1/Secret': { data: { a: 'Yg==' } },
  'v1/ServiceAccount': {},
  'v1/Service': { spec: { ports: [{ port: 80 }], selector: { app: 'a' } } },
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy': {
    spec: {
      matchConstraints: { resourceRules: [rule] },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
  },
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding': { spec: { policyName: 'p' } },
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': {},
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': {
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] },
  },
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': {
    spec: { policyName: 'p', validationActions: ['Deny'] },
  },
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': {},
  'apiextensions.k8s.io/v1/CustomResourceDefinition': {
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  'apiregistration.k8s.io/v1/APIService': {
    spec: { group: 'a.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
  },
  'apps/v1/ControllerRevision': { data: { spec: {} }, revision: 1 },
  'apps/v1/DaemonSet': { spec: running },
  'apps/v1/Deployment': { spec: running },
  'apps/v1/ReplicaSet': { spec: running },
  'batch/v1/Job': { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
  'apps/v1/StatefulSet': { spec: { ...running, serviceName: 's' } },
  'autoscaling/v1/HorizontalPodAutoscaler': {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
  },
  'autoscaling/v2/HorizontalPodAutoscaler': {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
  },
  'batch/v1/CronJob': {
    spec: {
      schedule: '*/5 * * * *',
      jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
    },
  },
  'certificates.k8s.io/v1/CertificateSigningRequest': {
    spec: {
      request: Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n').toString(
        'base64',
      ),
      signerName: 'example.com/signer',
      usages: ['client auth'],
    },
  },
  'v1/LimitRange': { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
  'v1/ReplicationController': { spec: { template } },
  'v1/ResourceQuota': { spec: { hard: { pods: '3' } } },
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': { spec: { priorityLevelConfiguration: { name: 'exempt' } } },
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'networking.k8s.io/v1/Ingress': {
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  },
  'networking.k8s.io/v1/IngressClass': { spec: { controller: 'example.com/c' } },
  'networking.k8s.io/v1/IPAddress': { spec: { parentRef: { resource: 'services', name: 's', namespace: 'default' } } },
  'networking.k8s.io/v1/NetworkPolicy': { spec: { podSelector: {} } },
  'networking.k8s.io/v1/ServiceCIDR': { spec: { cidrs: ['10.9.0.0/24'] } },
  'node.k8s.io/v1/RuntimeClass': { handler: 'runc' },
  'policy/v1/PodDisruptionBudget': { spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } } },
  'resource.k8s.io/v1/DeviceClass': { spec: {} },
  'resource.k8s.io/v1/ResourceClaim': {
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
  },
  'resource.k8s.io/v1/ResourceClaimTemplate': {
    spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
  },
  'resource.k8s.io/v1/ResourceSlice': {
    spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
  },
  'storage.k8s.io/v1/CSIDriver': { spec: {} },
  'storage.k8s.io/v1/CSINode': { spec: { drivers: [] } },
  'storage.k8s.io/v1/CSIStorageCapacity': { storageClassName: 's', capacity: '1Gi' },
  'storage.k8s.io/v1/VolumeAttachment': {
    spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'p' } },
  },
  'storage.k8s.io/v1/VolumeAttributesClass': { driverName: 'd.example.com', parameters: { iops: '1' } },
  'coordination.k8s.io/v1/Lease': { spec: { holderIdentity: 'h' } },
  'discovery.k8s.io/v1/EndpointSlice': { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [] },
  'events.k8s.io/v1/Event': {
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Started',
    action: 'Start',
    reportingController: 'kubelet',
    reportingInstance: 'n',
    note: 'm',
    type: 'Normal',
  },
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': {
    roleRef: { kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', name: 'u' }],
  },
  'rbac.authorization.k8s.io/v1/ClusterRole': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'rbac.authorization.k8s.io/v1/RoleBinding': { roleRef: { kind: 'Role', name: 'r' } },
  'rbac.authorization.k8s.io/v1/Role': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'scheduling.k8s.io/v1/PriorityClass': { value: 100 },
  'storage.k8s.io/v1/StorageClass': { provisioner: 'example.com/p' },
}

/** Names that are derived from other fields. */
const derivedNames: Record<string, string> = {
  APIService: 'v1.a.example.com',
  IPAddress: '10.9.0.7',
  CustomResourceDefinition: 'ships.example.com',
}

const schema = loadSchema()

/** Other kinds are answered without a store: their objects cannot be created and read. */
const stored = kinds.filter(({ verbs }) => verbs === undefined)

describe.each(
  stored.map((kind) => [`${kind.group ? `${kind.group}/` : ''}${kind.version}/${kind.kind}`, kind] as const),
)('%s', (name, kind) => {
  let api: TestApiServer
  beforeAll(async () => {
    api = await startApiServer({ kinds, admission: [serviceAllocator({ clock: systemClock })] })
  })
  afterAll(() => api.stop())

  const resource: Resource = kind
  const apiVersion = name.slice(0, name.lastIndexOf('/'))
  const nameOf = (object: string): string => derivedNames[kind.kind] ?? object
  const named = (object: string): KubeObject => ({
    apiVersion,
    kind: kind.kind,
    metadata: { name: nameOf(object), ...(kind.namespaced ? { namespace: 'default' } : {}) },
    ...examples[name],
  })

  it('has a schema with its group, version and kind', () => {
    expect(schema.definition(kind.schema)?.['x-kubernetes-group-version-kind']).toEqual([
      { group: kind.group, kind: kind.kind, version: kind.version },
    ])
  })

  it('can be created, read, updated unchanged and deleted', async () => {
    const created = await api.client.create(resource, named('x'))
    expect(created).toMatchObject({ apiVersion, kind: kind.kind, metadata: { name: nameOf('x') } })
    const ref = { name: nameOf('x'), namespace: created.metadata.namespace }
    const updated = await api.client.update(resource, created)
    // Defaulting, preparation and validation of a stored object must not change it.
    expect(updated).toEqual(created)
    expect(await api.client.get(resource, ref)).toEqual(created)
    await api.client.delete(resource, ref)
  })

  it('writes the status only through the status subresource', async () => {
    if (!kind.status) return
    const created = (await api.client.create(resource, named('y'))) as Stored & {
      status?: object
      spec?: object
    }
    const changed = { ...created, status: { ...created.status, conditions: [{ type: 'Odd', status: 'True' }] } }
    const written = (await api.client.update(resource, changed)) as typeof created
    expect(written.status).toEqual(created.status)
    await api.client.delete(resource, { name: nameOf('y'), namespace: created.metadata.namespace })
  })

  it('fills every column of a table', async () => {
    await api.client.create(resource, named('z'))
    for (const column of kind.columns) {
      const value = column.value(
        await api.client.get(resource, { name: nameOf('z'), namespace: 'default' }),
        Date.now(),
      )
      expect(value, column.name).not.toBeUndefined()
    }
  })
})
