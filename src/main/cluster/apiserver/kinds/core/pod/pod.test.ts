import { describe, expect, it } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { pod } from './index.ts'

const simple = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns' },
  spec: { containers: [{ name: 'c', image: 'busybox' }] },
}

describe('defaults of a pod', () => {
  it('set the fields of a minimal pod', () => {
    expect(defaulted(pod, simple).spec).toEqual({
      containers: [
        {
          name: 'c',
          image: 'busybox',
          imagePullPolicy: 'Always',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    })
  })

  it.each([
    ['busybox', 'Always'],
    ['busybox:latest', 'Always'],
    ['busybox:1.36', 'IfNotPresent'],
    ['localhost:5000/busybox', 'Always'],
    ['localhost:5000/busybox:1', 'IfNotPresent'],
    ['busybox@sha256:0123', 'IfNotPresent'],
  ])('pull %s %s', (image, policy) => {
    const object = defaulted(pod, change(simple, { 'spec.containers.0.image': image }))
    expect(object.spec?.containers[0]?.imagePullPolicy).toBe(policy)
  })

  it('set requests to limits, in canonical form', () => {
    const resources = { limits: { cpu: '0.5', memory: '1024Mi' }, requests: { memory: '0.5Gi' } }
    const object = defaulted(pod, change(simple, { 'spec.containers.0.resources': resources }))
    expect(object.spec?.containers[0]?.resources).toEqual({
      limits: { cpu: '500m', memory: '1Gi' },
      requests: { cpu: '500m', memory: '512Mi' },
    })
  })

  it('complete probes and ports', () => {
    const object = defaulted(
      pod,
      change(simple, {
        'spec.hostNetwork': true,
        'spec.containers.0.ports': [{ containerPort: 80 }],
        'spec.containers.0.livenessProbe': { httpGet: { port: 80 } },
        'spec.containers.0.readinessProbe': { grpc: { port: 80 } },
      }),
    )
    expect(object.spec?.containers[0]).toMatchObject({
      ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
      livenessProbe: {
        httpGet: { path: '/', port: 80, scheme: 'HTTP' },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      readinessProbe: { grpc: { port: 80, service: '' } },
    })
  })

  it('complete volumes', () => {
    const volumes = [
      { name: 'a' },
      { name: 'b', secret: { secretName: 's' } },
      { name: 'c', configMap: { name: 'm' } },
      { name: 'd', hostPath: { path: '/' } },
      { name: 'e', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { name: 'f', downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ]
    expect(defaulted(pod, change(simple, { 'spec.volumes': volumes })).spec?.volumes).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      { name: 'c', configMap: { name: 'm', defaultMode: 420 } },
      { name: 'd', hostPath: { path: '/', type: '' } },
      {
        name: 'e',
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] },
      },
      {
        name: 'f',
        downwardAPI: {
          defaultMode: 420,
          items: [{ path: 'n', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
        },
      },
    ])
  })

  it('mirror serviceAccount and serviceAccountName', () => {
    expect(defaulted(pod, change(simple, { 'spec.serviceAccount': 'a' })).spec).toMatchObject({
      serviceAccount: 'a',
      serviceAccountName: 'a',
    })
  })
})

const c = 'spec.containers.0'
const required = 'Required value'

describe('a pod is refused', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['without containers', { 'spec.containers': [] }, ['spec.containers: Required value']],
    ['with a nameless container', { [`${c}.name`]: '' }, [`spec.containers[0].name: ${required}`]],
    [
      'with a bad container name',
      { [`${c}.name`]: 'a.b' },
      ['spec.containers[0].name: Invalid value: "a.b": must not contain dots'],
    ],
    ['without an image', { [`${c}.image`]: '' }, [`spec.containers[0].image: ${required}`]],
    [
      'with whitespace around the image',
      { [`${c}.image`]: ' a' },
      ['spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace'],
    ],
    [
      'with two containers of the same name',
      { 'spec.initContainers': [{ name: 'c', image: 'a' }] },
      ['spec.initContainers[0].name: Duplicate value: "c"'],
    ],
    [
      'with a bad pull policy',
      { [`${c}.imagePullPolicy`]: 'Sometimes' },
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      'with a bad restart policy',
      { 'spec.restartPolicy': 'Maybe' },
      ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      'with a port out of range',
      { [`${c}.ports`]: [{ containerPort: 70000 }] },
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'with two ports of the same name',
      {
        [`${c}.ports`]: [
          { name: 'a', containerPort: 1 },
          { name: 'a', containerPort: 2 },
        ],
      },
      ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
    ],
    [
      'with one host port twice',
      {
        [`${c}.ports`]: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      },
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'with a probe without handler',
      { [`${c}.readinessProbe`]: {} },
      ['spec.containers[0].readinessProbe: Required value: must specify a handler type'],
    ],
    [
      'with a probe of two handlers',
      { [`${c}.readinessProbe`]: { exec: { command: ['a'] }, tcpSocket: { port: 80 } } },
      ['spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
    ],
    [
      'with a liveness probe that needs two successes',
      { [`${c}.livenessProbe`]: { exec: { command: ['a'] }, successThreshold: 2 } },
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      'with a probe of an init container',
      {
        'spec.initContainers': [{ name: 'i', image: 'a', livenessProbe: { tcpSocket: { port: 1 } } }],
      },
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'with an invalid environment variable name',
      { [`${c}.env`]: [{ name: 'a=b' }] },
      [
        'spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    [
      'with a variable without a source',
      { [`${c}.env`]: [{ name: 'A', valueFrom: {} }] },
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ],
    ],
    [
      'with a variable from an unknown field',
      { [`${c}.env`]: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.color' } } }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.color": error converting fieldPath: field label not supported: spec.color',
      ],
    ],
    [
      'with a mount of an unknown volume',
      { [`${c}.volumeMounts`]: [{ name: 'v', mountPath: '/v' }] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'with two mounts at the same path',
      {
        'spec.volumes': [{ name: 'v' }],
        [`${c}.volumeMounts`]: [
          { name: 'v', mountPath: '/v' },
          { name: 'v', mountPath: '/v' },
        ],
      },
      ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique'],
    ],
    [
      'with .. in a subPath',
      { 'spec.volumes': [{ name: 'v' }], [`${c}.volumeMounts`]: [{ name: 'v', mountPath: '/v', subPath: 'a/../b' }] },
      ['spec.containers[0].volumeMounts.subPath: Invalid value: "a/../b": must not contain \'..\''],
    ],
    [
      'with two volumes of the same name',
      { 'spec.volumes': [{ name: 'v' }, { name: 'v' }] },
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      'with a volume of two sources',
      { 'spec.volumes': [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'with a secret volume without a secret name',
      { 'spec.volumes': [{ name: 'v', secret: {} }] },
      ['spec.volumes[0].secret.secretName: Required value'],
    ],
    [
      'with a token that expires too early',
      {
        'spec.serviceAccountName': 'default',
        'spec.volumes': [
          { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } },
        ],
      },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
      ],
    ],
    [
      'when it requests more than the limit',
      { [`${c}.resources`]: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      'with an unknown resource',
      { [`${c}.resources`]: { limits: { gpu: '1' } } },
      [
        'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      ],
    ],
    [
      'with a negative quantity',
      { [`${c}.resources`]: { requests: { memory: '-1Mi' } } },
      ['spec.containers[0].resources.requests[memory]: Invalid value: "-1Mi": must be greater than or equal to 0'],
    ],
    [
      'when privileged without escalation',
      { [`${c}.securityContext`]: { privileged: true, allowPrivilegeEscalation: false } },
      [
        'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      'with an empty toleration',
      { 'spec.tolerations': [{ effect: 'NoSchedule' }] },
      [
        'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'with a bad node selector',
      { 'spec.nodeSelector': { 'a b': 'c' } },
      [
        "spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
    [
      'with a node affinity without terms',
      {
        'spec.affinity': {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
        },
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
      ],
    ],
    [
      'with maxSkew 0',
      { 'spec.topologySpreadConstraints': [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
      ['spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero'],
    ],
    [
      'with dnsPolicy None and no server',
      { 'spec.dnsPolicy': 'None' },
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'with a deadline of 0',
      { 'spec.activeDeadlineSeconds': 0 },
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(pod, change(simple, changes))).toEqual(errors)
  })
})

it('accepts a complete pod', () => {
  const full = change(simple, {
    'spec.volumes': [{ name: 'v', configMap: { name: 'm', items: [{ key: 'k', path: 'a/b' }] } }],
    [`${c}.volumeMounts`]: [{ name: 'v', mountPath: '/v', subPath: 'a' }],
    [`${c}.env`]: [
      { name: 'A', value: 'b' },
      { name: 'B', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      { name: 'D', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ],
    [`${c}.envFrom`]: [{ prefix: 'P_', configMapRef: { name: 'm' } }],
    [`${c}.resources`]: { limits: { cpu: '1', 'example.com/gpu': '2' } },
    [`${c}.lifecycle`]: { preStop: { sleep: { seconds: 1 } } },
    'spec.tolerations': [{ operator: 'Exists' }, { key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 1 }],
    'spec.initContainers': [
      { name: 'i', image: 'a' },
      { name: 's', image: 'a', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 'http' } } },
    ],
  })
  expect(findings(pod, full)).toEqual([])
})

it('warns of probable mistakes', () => {
  const odd = change(simple, {
    [`${c}.env`]: [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
      { name: 'A', value: '$(A):3' },
    ],
    [`${c}.resources`]: { requests: { memory: '100m' } },
  })
  expect(pod.warnings?.(odd as Pod)).toEqual([
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
  ])
})

describe('an update of a pod', () => {
  const stored = change(simple, { 'spec.tolerations': [{ key: 'a', operator: 'Exists' }] })

  it.each<[string, Record<string, unknown>]>([
    ['the image', { [`${c}.image`]: 'other' }],
    ['a deadline', { 'spec.activeDeadlineSeconds': 5 }],
    [
      'further tolerations',
      {
        'spec.tolerations': [
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'Exists' },
        ],
      },
    ],
    ['labels', { 'metadata.labels': { a: 'b' } }],
  ])('may change %s', (_, changes) => {
    expect(updateFindings(pod, change(stored, changes), stored)).toEqual([])
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['the command', { [`${c}.command`]: ['a'] }, 'spec: Forbidden: pod updates may not change fields other than'],
    ['the node', { 'spec.nodeName': 'n' }, 'spec: Forbidden: pod updates may not change fields other than'],
    [
      'the number of containers',
      { 'spec.containers.1': { name: 'd', image: 'a' } },
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [
      'existing tolerations',
      { 'spec.tolerations': [] },
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
  ])('may not change %s', (_, changes, text) => {
    const errors = updateFindings(pod, change(stored, changes), stored)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain(text)
  })

  it('may only shorten the deadline', () => {
    const late = change(simple, { 'spec.activeDeadlineSeconds': 10 })
    expect(updateFindings(pod, change(late, { 'spec.activeDeadlineSeconds': 5 }), late)).toEqual([])
    expect(updateFindings(pod, change(late, { 'spec.activeDeadlineSeconds': 20 }), late)).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value',
    ])
  })
})

describe('deletion', () => {
  const grace = (spec: object, status: object, requested?: number): number | undefined =>
    pod.deletionGrace?.({ metadata: {}, spec, status } as Pod, requested)

  it.each([
    [
      'of a running pod has the grace period of the pod',
      { nodeName: 'n', terminationGracePeriodSeconds: 7 },
      {},
      undefined,
      7,
    ],
    ['has the requested grace period', { nodeName: 'n', terminationGracePeriodSeconds: 7 }, {}, 3, 3],
    ['of a pod without a node is immediate', { terminationGracePeriodSeconds: 7 }, {}, undefined, 0],
    ['of a terminated pod is immediate', { nodeName: 'n' }, { phase: 'Failed' }, undefined, 0],
    [
      'with a negative grace period takes one second',
      { nodeName: 'n', terminationGracePeriodSeconds: -1 },
      {},
      undefined,
      1,
    ],
  ])('%s', (_, spec, status, requested, seconds) => {
    expect(grace(spec, status, requested)).toBe(seconds)
  })
})

it('is printed as kubectl prints it', () => {
  const object = change(simple, {
    'metadata.creationTimestamp': '2026-01-01T00:00:00Z',
    'spec.nodeName': 'w1',
    'spec.readinessGates': [{ conditionType: 'a/b' }],
    status: {
      phase: 'Running',
      podIP: '10.244.0.5',
      podIPs: [{ ip: '10.244.0.5' }],
      containerStatuses: [{ name: 'c', ready: true, restartCount: 0, state: { running: {} } }],
    },
  })
  expect(cells(pod, object, Date.parse('2026-01-01T00:03:00Z'))).toEqual({
    Ready: '1/1',
    Status: 'Running',
    Restarts: '0',
    Age: '3m',
    IP: '10.244.0.5',
    Node: 'w1',
    'Nominated Node': '<none>',
    'Readiness Gates': '0/1',
  })
})
