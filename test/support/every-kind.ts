/** What the API takes, without type, name and labels. */
export type Manifest = object
/** A minimal valid object: `n` tells those of one kind apart. */
export interface KindCase {
  manifest: (name: string) => Manifest
  /** A name that the kind allows. */
  name?: (n: number) => string
}

const template = {
  metadata: { labels: { app: 'every-kind' } },
  // Held back for ever: what the table makes shall not run.
  spec: { schedulingGates: [{ name: 'example.com/hold' }], containers: [{ name: 'c', image: 'example.com/c:1' }] },
}
const selector = { matchLabels: { app: 'every-kind' } }
const certificateRequest = `-----BEGIN CERTIFICATE REQUEST-----
MIHOMHcCAQAwFTETMBEGA1UEAxMKZXZlcnkta2luZDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABI6mko9XV/Qy6qVYNjkaWJhNH3to54N+a3jcdb3mPvpIhKyid+cE
TT64e8UUWYp2sbAu/PSViRuNzKxSfoRSnxagADAKBggqhkjOPQQDAgNHADBEAiAF
JxCQ4sQy51JcMZA6A9xmPDqQZavu/9wNBkp8dT8IGgIgE0+pnhuStk69hGuITJaB
8EprHtEPymeStreopvVtd0I=
-----END CERTIFICATE REQUEST-----
`
const webhook = {
  name: 'hook.example.com',
  clientConfig: { url: 'https://127.0.0.1:1/' },
  rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const matchConstraints = { resourceRules: webhook.rules }
const deviceSpec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'every-kind' } }] } }

const plain = (manifest: Manifest): KindCase => ({ manifest: () => manifest })

/** Every resource that is stored, by group, version and plural name. */
export const storedKinds: Readonly<Record<string, KindCase>> = {
  'v1/configmaps': plain({ data: { a: '1' } }),
  'v1/endpoints': plain({ subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] }),
  'v1/events': plain({
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'every-kind' },
    reason: 'Test',
    message: 'made by a test',
    type: 'Normal',
  }),
  'v1/limitranges': plain({ spec: { limits: [{ type: 'Container', max: { cpu: '900' } }] } }),
  'v1/namespaces': plain({}),
  'v1/nodes': plain({}),
  'v1/persistentvolumeclaims': plain({
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
  }),
  'v1/persistentvolumes': plain({
    spec: { capacity: { storage: '1Mi' }, accessModes: ['ReadWriteMany'], hostPath: { path: '/nowhere' } },
  }),
  'v1/pods': plain({ spec: template.spec }),
  'v1/podtemplates': plain({ template }),
  'v1/replicationcontrollers': plain({ spec: { replicas: 0, selector: selector.matchLabels, template } }),
  'v1/resourcequotas': plain({ spec: { hard: { 'count/nothings.example.com': '1' } } }),
  'v1/secrets': plain({ stringData: { a: '1' } }),
  'v1/serviceaccounts': plain({}),
  'v1/services': plain({ spec: { selector: selector.matchLabels, ports: [{ port: 80 }] } }),

  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies': plain({
    spec: {
      matchConstraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
  }),
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings': plain({ spec: { policyName: 'every-kind' } }),
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': plain({ webhooks: [webhook] }),
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': plain({
    spec: { matchConstraints, validations: [{ expression: 'true' }] },
  }),
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': plain({
    spec: { policyName: 'every-kind', validationActions: ['Deny'] },
  }),
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': plain({ webhooks: [webhook] }),
  'apiextensions.k8s.io/v1/customresourcedefinitions': {
    name: (n) => `every${n}s.kinds.example.com`,
    manifest: (name) => {
      const plural = name.split('.')[0] ?? ''
      const schema = { openAPIV3Schema: { type: 'object' } }
      return {
        spec: {
          group: 'kinds.example.com',
          scope: 'Namespaced',
          names: { plural, kind: `Every${plural}` },
          versions: [{ name: 'v1', served: false, storage: true, schema }],
        },
      }
    },
  },
  'apiregistration.k8s.io/v1/apiservices': {
    name: (n) => `v${n}.remote.example.com`,
    manifest: (name) => ({
      spec: {
        group: 'remote.example.com',
        version: name.split('.')[0],
        groupPriorityMinimum: 100,
        versionPriority: 10,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'nowhere' },
      },
    }),
  },

  'apps/v1/controllerrevisions': plain({ revision: 1, data: {} }),
  'apps/v1/daemonsets': plain({ spec: { selector, template } }),
  'apps/v1/deployments': plain({ spec: { replicas: 0, selector, template } }),
  'apps/v1/replicasets': plain({ spec: { replicas: 0, selector, template } }),
  'apps/v1/statefulsets': plain({ spec: { replicas: 0, serviceName: 's', selector, template } }),
  'autoscaling/v1/horizontalpodautoscalers': plain({
    spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nothing' } },
  }),
  'autoscaling/v2/horizontalpodautoscalers': plain({
    spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nothing' } },
  }),
  'batch/v1/cronjobs': plain({
    spec: {
      schedule: '0 0 1 1 *',
      suspend: true,
      jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
    },
  }),
  'batch/v1/jobs': plain({
    spec: { suspend: true, template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
  }),
  'certificates.k8s.io/v1/certificatesigningrequests': plain({
    spec: {
      request: Buffer.from(certificateRequest).toString('base64'),
      signerName: 'example.com/nobody',
      usages: ['client auth'],
    },
  }),
  'coordination.k8s.io/v1/leases': plain({ spec: { holderIdentity: 'me' } }),
  'discovery.k8s.io/v1/endpointslices': plain({
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'] }],
    ports: [{ port: 80 }],
  }),
  'events.k8s.io/v1/events': plain({
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'Pod', name: 'p', namespace: 'every-kind' },
    reportingController: 'example.com/test',
    reportingInstance: 'test-1',
    action: 'Testing',
    reason: 'Test',
    type: 'Normal',
  }),
  'flowcontrol.apiserver.k8s.io/v1/flowschemas': plain({
    spec: { matchingPrecedence: 9000, priorityLevelConfiguration: { name: 'nowhere' } },
  }),
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': plain({
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  }),
  'networking.k8s.io/v1/ingressclasses': plain({ spec: { controller: 'example.com/nobody' } }),
  'networking.k8s.io/v1/ingresses': plain({
    spec: { defaultBackend: { service: { name: 'nothing', port: { number: 80 } } } },
  }),
  'networking.k8s.io/v1/ipaddresses': {
    name: (n) => `192.0.2.${n + 1}`,
    manifest: () => ({ spec: { parentRef: { resource: 'services', namespace: 'default', name: 'nothing' } } }),
  },
  'networking.k8s.io/v1/networkpolicies': plain({ spec: { podSelector: selector } }),
  'networking.k8s.io/v1/servicecidrs': plain({ spec: { cidrs: ['192.0.2.0/24'] } }),
  'node.k8s.io/v1/runtimeclasses': plain({ handler: 'runc' }),
  'policy/v1/poddisruptionbudgets': plain({ spec: { minAvailable: 1, selector } }),
  'rbac.authorization.k8s.io/v1/clusterrolebindings': plain({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  }),
  'rbac.authorization.k8s.io/v1/clusterroles': plain({ rules: [] }),
  'rbac.authorization.k8s.io/v1/rolebindings': plain({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  }),
  'rbac.authorization.k8s.io/v1/roles': plain({ rules: [] }),
  'resource.k8s.io/v1/deviceclasses': plain({ spec: {} }),
  'resource.k8s.io/v1/resourceclaims': plain({ spec: deviceSpec }),
  'resource.k8s.io/v1/resourceclaimtemplates': plain({ spec: { spec: deviceSpec } }),
  'resource.k8s.io/v1/resourceslices': plain({
    spec: { driver: 'devices.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
  }),
  'scheduling.k8s.io/v1/priorityclasses': plain({ value: 1 }),
  'storage.k8s.io/v1/csidrivers': plain({ spec: {} }),
  'storage.k8s.io/v1/csinodes': plain({ spec: { drivers: [] } }),
  'storage.k8s.io/v1/csistoragecapacities': plain({ storageClassName: 'standard' }),
  'storage.k8s.io/v1/storageclasses': plain({ provisioner: 'example.com/nobody' }),
  'storage.k8s.io/v1/volumeattachments': plain({
    spec: { attacher: 'nobody.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } },
  }),
  'storage.k8s.io/v1/volumeattributesclasses': plain({ driverName: 'example.com', parameters: { a: '1' } }),
}

/** What is answered and not stored: what to ask. */
export const virtualKinds: Readonly<Record<string, Manifest>> = {
  'authentication.k8s.io/v1/selfsubjectreviews': {},
  'authentication.k8s.io/v1/tokenreviews': { spec: { token: 'nonsense' } },
  'authorization.k8s.io/v1/localsubjectaccessreviews': {
    spec: { user: 'jane', resourceAttributes: { namespace: 'every-kind', verb: 'get', resource: 'pods' } },
  },
  'authorization.k8s.io/v1/selfsubjectaccessreviews': {
    spec: { resourceAttributes: { namespace: 'every-kind', verb: 'get', resource: 'pods' } },
  },
  'authorization.k8s.io/v1/selfsubjectrulesreviews': { spec: { namespace: 'every-kind' } },
  'authorization.k8s.io/v1/subjectaccessreviews': {
    spec: { user: 'jane', resourceAttributes: { verb: 'get', resource: 'pods' } },
  },
}
