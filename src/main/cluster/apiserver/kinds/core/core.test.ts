import { describe, expect, it } from 'vitest'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { configMap } from './configmap.ts'
import { endpoints } from './endpoints.ts'
import { namespace } from './namespace.ts'
import { node } from './node.ts'
import { persistentVolume } from './persistentvolume.ts'
import { persistentVolumeClaim } from './persistentvolumeclaim.ts'
import { resourceQuota } from './resourcequota.ts'
import { secret } from './secret.ts'

describe('a ConfigMap', () => {
  const map = { metadata: { name: 'm' }, data: { a: 'b' } }

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'with a key that is not a file name',
      { data: { 'a/b': 'c' } },
      [
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      'with a key twice',
      { binaryData: { a: 'Yg==' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [
      'of more than a mebibyte',
      { data: { a: 'x'.repeat(2 ** 20 + 1) } },
      [': Too long: may not be more than 1048576 bytes'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings(configMap, change(map, changes))).toEqual(errors)
  })

  it('cannot change once it is immutable', () => {
    const fixed = change(map, { immutable: true })
    expect(updateFindings(configMap, change(fixed, { 'metadata.labels': { a: 'b' } }), fixed)).toEqual([])
    expect(updateFindings(configMap, { metadata: { name: 'm' }, data: { a: 'c' } }, fixed)).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ])
  })

  it('counts all its entries', () => {
    expect(cells(configMap, change(map, { binaryData: { b: 'Yg==' } }))).toMatchObject({ Data: 2 })
  })
})

describe('a Secret', () => {
  const simple = { metadata: { name: 's' } }

  it('defaults to type Opaque, and merges stringData into data', () => {
    expect(defaulted(secret, change(simple, { stringData: { a: 'b' }, data: { a: 'eA==', c: 'eA==' } }))).toEqual({
      metadata: { name: 's' },
      type: 'Opaque',
      data: { a: 'Yg==', c: 'eA==' },
    })
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'for TLS without key and certificate',
      { type: 'kubernetes.io/tls' },
      ['data[tls.crt]: Required value', 'data[tls.key]: Required value'],
    ],
    [
      'for a registry with invalid JSON',
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'eA==' } },
      [
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": Unexpected token \'x\', "x" is not valid JSON',
      ],
    ],
    [
      'for a service account without its name',
      { type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings(secret, change(simple, changes))).toEqual(errors)
  })

  it('keeps its type', () => {
    expect(updateFindings(secret, change(simple, { type: 'x/y' }), simple)).toEqual([
      'type: Invalid value: "x/y": field is immutable',
    ])
  })
})

describe('a Namespace', () => {
  const simple = { metadata: { name: 'n' } }

  it('defaults to phase Active, a finalizer and a name label', () => {
    const object = defaulted(namespace, simple)
    namespace.prepareForCreate?.(object)
    expect(object).toEqual({
      metadata: { name: 'n', labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
    expect(namespace.holdsDeletion?.(object)).toBe(true)
    namespace.prepareForDelete?.(object)
    expect(object.status?.phase).toBe('Terminating')
  })

  it('changes finalizers only through the finalize subresource', () => {
    const stored = { metadata: { name: 'n' }, spec: { finalizers: ['kubernetes'] } }
    const next = { metadata: { name: 'n' }, spec: {} }
    namespace.prepareForUpdate?.(next, stored)
    expect(next.spec).toEqual(stored.spec)
  })

  it('must have a DNS label as its name', () => {
    expect(namespace.validateName?.('a.b')).toEqual(['must not contain dots'])
  })
})

describe('a Node', () => {
  const simple = { metadata: { name: 'n' } }

  it('defaults allocatable to capacity', () => {
    const object = defaulted(node, change(simple, { 'status.capacity': { cpu: '2000m' } }))
    expect(object.status).toEqual({ capacity: { cpu: '2' }, allocatable: { cpu: '2' } })
  })

  it('mirrors podCIDR and podCIDRs', () => {
    expect(defaulted(node, change(simple, { 'spec.podCIDR': '10.244.1.0/24' })).spec).toEqual({
      podCIDR: '10.244.1.0/24',
      podCIDRs: ['10.244.1.0/24'],
    })
  })

  it('cannot change podCIDR', () => {
    const stored = change(simple, { 'spec.podCIDR': '10.244.1.0/24' })
    expect(updateFindings(node, stored, simple)).toEqual([])
    expect(updateFindings(node, change(simple, { 'spec.podCIDR': '10.244.2.0/24' }), stored)).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ])
  })

  it('is refused with a taint without an effect', () => {
    expect(findings(node, change(simple, { 'spec.taints': [{ key: 'a' }] }))).toEqual([
      'metadata.taints[0].effect: Required value',
    ])
  })

  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{}, { Status: 'Unknown', Roles: '<none>', 'Internal-IP': '<none>', 'OS-Image': '<unknown>' }],
    [
      {
        'metadata.labels': { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/gpu': '' },
        'spec.unschedulable': true,
        'status.conditions': [{ type: 'Ready', status: 'True' }],
        'status.addresses': [{ type: 'InternalIP', address: '172.18.0.2' }],
        'status.nodeInfo': { kubeletVersion: 'v1.36.0' },
      },
      {
        Status: 'Ready,SchedulingDisabled',
        Roles: 'gpu,worker',
        Version: 'v1.36.0',
        'Internal-IP': '172.18.0.2',
      },
    ],
    [{ 'status.conditions': [{ type: 'Ready', status: 'Unknown' }] }, { Status: 'NotReady' }],
  ])('is printed as kubectl prints it: %j', (changes, expected) => {
    expect(cells(node, change(simple, changes))).toMatchObject(expected)
  })
})

describe('Endpoints', () => {
  const addresses = (...last: number[]): { ip: string }[] => last.map((number) => ({ ip: `10.0.0.${number}` }))

  it('print at most three addresses', () => {
    const print = (subsets: unknown): unknown => cells(endpoints, { metadata: {}, subsets })['Endpoints']
    expect(print(undefined)).toBe('<none>')
    expect(print([{ addresses: addresses(1, 2), ports: [{ port: 80 }] }])).toBe('10.0.0.1:80,10.0.0.2:80')
    expect(print([{ addresses: addresses(1, 2, 3, 4, 5), ports: [{ port: 80 }] }])).toBe(
      '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...',
    )
  })

  it('are refused without an address', () => {
    expect(findings(endpoints, { metadata: { name: 'e' }, subsets: [{ ports: [{ port: 80 }] }] })).toEqual([
      'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
    ])
  })
})

describe('a PersistentVolumeClaim', () => {
  const claim = {
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
  }

  it('defaults to volume mode Filesystem', () => {
    expect(defaulted(persistentVolumeClaim, claim).spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeMode: 'Filesystem',
    })
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['without a size', { 'spec.resources': {} }, ['spec.resources[storage]: Required value']],
    [
      'without access',
      { 'spec.accessModes': [] },
      ['spec.accessModes: Required value: at least 1 access mode is required'],
    ],
    [
      'with size zero',
      { 'spec.resources': { requests: { storage: '0' } } },
      ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings(persistentVolumeClaim, change(claim, changes))).toEqual(errors)
  })

  it('can be bound and resized, but not changed otherwise', () => {
    const bound = change(claim, {
      'spec.volumeName': 'v',
      'status.phase': 'Bound',
      'status.capacity': { storage: '1Gi' },
    })
    expect(updateFindings(persistentVolumeClaim, change(claim, { 'spec.volumeName': 'v' }), claim)).toEqual([])
    const grown = change(bound, { 'spec.resources.requests.storage': '2Gi' })
    expect(updateFindings(persistentVolumeClaim, grown, bound)).toEqual([])
    const shrunk = change(bound, { 'spec.resources.requests.storage': '1Mi' })
    expect(updateFindings(persistentVolumeClaim, shrunk, bound)).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ])
    expect(
      updateFindings(persistentVolumeClaim, change(bound, { 'spec.accessModes': ['ReadWriteMany'] }), bound),
    ).toEqual([
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n',
    ])
  })
})

describe('a PersistentVolume', () => {
  const volume = {
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/data' } },
  }

  it.each<[string, Record<string, unknown>, string[]]>([
    ['without a source', { 'spec.hostPath': undefined }, ['spec: Required value: must specify a volume type']],
    [
      'with two sources',
      { 'spec.nfs': { server: 's', path: '/p' } },
      ['spec.nfs: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'without a size',
      { 'spec.capacity': {} },
      ['spec.capacity: Required value', 'spec.capacity: Unsupported value: {}: supported values: "storage"'],
    ],
    [
      'local, without node affinity',
      { 'spec.hostPath': undefined, 'spec.local': { path: '/p' } },
      ['spec.nodeAffinity: Required value: Local volume requires node affinity'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings(persistentVolume, change(volume, changes))).toEqual(errors)
  })

  it('cannot change its source', () => {
    expect(updateFindings(persistentVolume, change(volume, { 'spec.hostPath.path': '/other' }), volume)).toEqual([
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n',
    ])
  })

  it('is printed as kubectl prints it', () => {
    const object = change(volume, { 'spec.claimRef': { namespace: 'n', name: 'c' }, 'status.phase': 'Bound' })
    expect(cells(persistentVolume, object)).toMatchObject({
      Capacity: '1Gi',
      'Access Modes': 'RWO',
      Status: 'Bound',
      Claim: 'n/c',
      VolumeAttributesClass: '<unset>',
    })
  })
})

describe('a ResourceQuota', () => {
  const quota = { metadata: { name: 'q', namespace: 'd' }, spec: {} }
  const at = 'spec.scopeSelector.matchExpressions'
  const select = (...matchExpressions: object[]) => ({ 'spec.scopeSelector': { matchExpressions } })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['of custom resources', { 'spec.hard': { 'count/tops.example.com': '5' } }, []],
    [
      'of an unknown name',
      { 'spec.hard': { balls: '5' } },
      ['spec.hard[balls]: Invalid value: "balls": must be a standard resource for quota'],
    ],
    [
      'of half an object',
      { 'spec.hard': { pods: '500m', 'count/x': '1500m', cpu: '500m' } },
      [
        'spec.hard[pods]: Invalid value: "500m": must be an integer',
        'spec.hard[count/x]: Invalid value: "1500m": must be an integer',
      ],
    ],
    [
      'with a scope of other resources',
      { 'spec.hard': { services: '1', 'count/services': '1', pods: '1' }, 'spec.scopes': ['Terminating'] },
      ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource'],
    ],
    [
      'of CPU for pods without requests',
      { 'spec.hard': { cpu: '1' }, 'spec.scopes': ['BestEffort'] },
      ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
    ],
    [
      'of volumes by their class',
      {
        'spec.hard': { 'requests.storage': '1Gi' },
        ...select({ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['a'] }),
      },
      [],
    ],
    [
      'with a scope that has no values',
      select({ scopeName: 'Terminating', operator: 'NotIn', values: ['a'] }),
      [
        `${at}.operator: Invalid value: "NotIn": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
      ],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(resourceQuota, change(quota, changes))).toEqual(errors)
  })

  it('has no scopes that exclude each other', () => {
    const both = select(
      { scopeName: 'Terminating', operator: 'Exists' },
      { scopeName: 'NotTerminating', operator: 'Exists' },
    )
    expect(findings(resourceQuota, change(quota, both))).toEqual([
      expect.stringMatching(/^spec.scopeSelector.matchExpressions: .*: conflicting scopes$/),
    ])
  })
})

describe('a status is refused', () => {
  const lines = (errors: { field: string; message: string }[] = []): string[] =>
    errors.map(({ field, message }) => `${field}: ${message}`)

  it('of a quota, for names and amounts that its spec may not have either', () => {
    const object = { metadata: { name: 'q' }, status: { hard: { balls: '1' }, used: { pods: '1.5' } } }
    expect(lines(resourceQuota.status?.validateStatus?.(object, object))).toEqual([
      'status.hard[balls]: Invalid value: "balls": must be a standard resource for quota',
      'status.used[pods]: Invalid value: "1.5": must be an integer',
    ])
  })

  it('of a node, for amounts below zero and parts of devices', () => {
    const object = {
      metadata: { name: 'n' },
      status: { capacity: { cpu: '-1' }, allocatable: { cpu: '0.5', 'example.com/device': '0.5' } },
    }
    expect(lines(node.status?.validateStatus?.(object, object))).toEqual([
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.allocatable.example.com/device: Invalid value: "0.5": must be an integer',
    ])
  })
})

it('the last finalizers of a namespace have names of their domains', () => {
  const finalize = namespace.subresources?.['finalize']
  const object = { metadata: { name: 'n' }, spec: { finalizers: ['kubernetes', 'x', 'a/b'] } }
  const errors = finalize && 'part' in finalize ? finalize.validate?.(object, object) : []
  expect(errors?.map(({ field }) => field)).toEqual(['spec.finalizers[1]'])
})
