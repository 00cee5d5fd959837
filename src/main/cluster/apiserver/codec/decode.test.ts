import { describe, expect, it } from 'vitest'
import { loadSchema } from '../schema/schema.ts'
import { conform, TypeMismatch, writeNulls, writeZeros } from './decode.ts'
import { countJsonKeys, duplicateFields } from './duplicates.ts'
import { parseYaml } from './body.ts'

const pod = loadSchema().type('io.k8s.api.core.v1.Pod')

describe('a decoded object', () => {
  it('drops unknown fields and reports them by path', () => {
    const object = { spec: { foo: 1, containers: [{ name: 'c', bar: {} }] } }
    expect(conform(object, pod).unknownFields).toEqual(['spec.foo', 'spec.containers[0].bar'])
    expect(object).toMatchObject({ spec: { containers: [{ name: 'c' }] } })
    expect(object.spec).not.toHaveProperty('foo')
  })

  it('drops nulls', () => {
    const object = { metadata: { creationTimestamp: null, labels: null }, spec: { containers: null } }
    conform(object, pod)
    expect(object).toEqual({ metadata: {}, spec: {}, status: {} })
  })

  it('has no empty values where Go leaves them out, and the structs that Go always writes', () => {
    const object = {
      metadata: { name: 'p', labels: {}, finalizers: [] },
      spec: {
        hostNetwork: false,
        containers: [{ name: 'c', command: [], tty: false, env: [{ name: 'A', value: '' }] }],
        volumes: [{ name: 'v', emptyDir: {} }],
        automountServiceAccountToken: false,
      },
    }
    conform(object, pod)
    expect(object).toEqual({
      metadata: { name: 'p' },
      spec: {
        containers: [{ name: 'c', env: [{ name: 'A' }], resources: {} }],
        volumes: [{ name: 'v', emptyDir: {} }],
        automountServiceAccountToken: false,
      },
      status: {},
    })
  })

  it('keeps empty values of an apply configuration, and gets none', () => {
    const object = { spec: { hostNetwork: false, containers: [{ name: 'c', command: [] }] } }
    conform(object, pod, { sparse: true })
    expect(object).toEqual({ spec: { hostNetwork: false, containers: [{ name: 'c', command: [] }] } })
  })

  it('cuts integers to their type where the content was unstructured', () => {
    const object = { spec: { terminationGracePeriodSeconds: 2 ** 31, priority: 2 ** 31 } }
    conform(object, pod, { wrapping: true })
    expect(object.spec).toEqual({ terminationGracePeriodSeconds: 2 ** 31, priority: -(2 ** 31) })
    expect(() => conform({ spec: { priority: 2 ** 31 } }, pod)).toThrow('cannot unmarshal number 2147483648')
  })

  it('gets the zero values that Go writes, then its nulls', () => {
    const claim = {
      spec: { dataSource: { kind: 'VolumeSnapshot', name: 's' } },
      status: { conditions: [{ type: 'x' }] },
    }
    const type = loadSchema().type('io.k8s.api.core.v1.PersistentVolumeClaim')
    writeZeros(claim, type)
    expect(claim.status.conditions[0]).toEqual({ type: 'x', status: '' })
    writeNulls(claim, type, false)
    expect(claim).toEqual({
      spec: { dataSource: { apiGroup: null, kind: 'VolumeSnapshot', name: 's' } },
      status: { conditions: [{ type: 'x', status: '', lastProbeTime: null, lastTransitionTime: null }] },
    })
  })

  it.each([
    [true, null],
    [false, []],
  ])('has null for a list that was emptied (%s)', (emptied, endpoints) => {
    const slice = { endpoints: [], ports: [] }
    writeNulls(slice, loadSchema().type('io.k8s.api.discovery.v1.EndpointSlice'), emptied)
    expect(slice).toEqual({ endpoints, ports: endpoints })
  })

  it('keeps empty parts of a schema until it is stored, and then those that are pointers in Go', () => {
    const type = loadSchema().type('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps')
    const schema = {
      description: '',
      required: [],
      enum: [null],
      not: {},
      additionalProperties: false,
      items: { title: '', nullable: false, minLength: 0 },
      properties: { a: { allOf: [], 'x-kubernetes-preserve-unknown-fields': false } },
    }
    conform(schema, type)
    expect(schema).toMatchObject({ description: '', required: [], enum: [null] })
    writeNulls(schema, type, false)
    expect(schema).toEqual({
      enum: [null],
      not: {},
      additionalProperties: false,
      items: { minLength: 0 },
      properties: { a: { 'x-kubernetes-preserve-unknown-fields': false } },
    })
  })

  it.each([
    ['core.v1.EphemeralContainer', { resizePolicy: [], env: [] }, { resizePolicy: [] }],
    ['resource.v1.ResourceSliceSpec', { sharedCounters: [], devices: [] }, { sharedCounters: [], devices: [] }],
  ])('has the lists of %s that count as set though they are empty', (name, value, kept) => {
    conform(value, loadSchema().type(`io.k8s.api.${name}`))
    expect(value).toMatchObject(kept)
    expect(value).not.toHaveProperty('env')
  })

  it('has quantities in canonical form', () => {
    const limits = { cpu: 0.5, memory: '1024Mi', 'example.com/gpu': 2 }
    conform({ spec: { containers: [{ name: 'c', resources: { limits } }] } }, pod)
    expect(limits).toEqual({ cpu: '500m', memory: '1Gi', 'example.com/gpu': '2' })
  })

  it.each([
    [
      { spec: { containers: 'x' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      { spec: { hostNetwork: 'yes' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { spec: { containers: [{ resources: { limits: { cpu: 'much' } } }] } },
      'quantities must match the regular expression',
    ],
  ])('%o is refused with the message of Go', (object, text) => {
    expect(() => conform(object, pod)).toThrow(TypeMismatch)
    expect(() => conform(object, pod)).toThrow(text)
  })
})

describe('duplicate keys', () => {
  const text = '{"a":{"b":"x:\\"y:","b":2},"l":[{"c":1,"c":2}]}'

  it('are counted without parsing', () => {
    expect(countJsonKeys(Buffer.from(text))).toBe(6)
  })

  it('are reported by path', () => {
    expect(duplicateFields(text)).toEqual(['a.b', 'l[0].c'])
  })
})

describe('YAML', () => {
  it('is parsed as kubectl parses it', () => {
    expect(parseYaml(Buffer.from('a: yes\nb: 0777\nc: 12:30\nd: 2001-01-01\ne: "on"\n'))).toEqual({
      a: true,
      b: 511,
      c: '12:30',
      d: '2001-01-01',
      e: 'on',
    })
  })
})

describe('times', () => {
  const lease = loadSchema().type('io.k8s.api.coordination.v1.Lease')
  it.each([
    ['2026-11-23T10:11:12Z', '2026-11-23T10:11:12Z'],
    ['2026-11-23T10:11:12.987Z', '2026-11-23T10:11:12Z'],
    ['2026-11-23T10:11:12.123456789+02:00', '2026-11-23T08:11:12Z'],
  ])('%s is formatted as Go formats it', (given, time) => {
    const object = { metadata: { creationTimestamp: given } }
    conform(object, lease)
    expect(object.metadata.creationTimestamp).toBe(time)
  })

  it('of MicroTime have exactly six digits of a second', () => {
    const object = { spec: { renewTime: '2026-11-23T10:11:12.123456+02:00' } }
    conform(object, lease)
    expect(object.spec.renewTime).toBe('2026-11-23T08:11:12.123456Z')
    expect(() => conform({ spec: { renewTime: '2026-11-23T10:11:12Z' } }, lease)).toThrow(
      'parsing time "2026-11-23T10:11:12Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    )
  })

  it.each(['2026-11-23', '2026-13-23T10:11:12Z', '2026-11-23T10:11:12', 'now'])('%s is not a time', (given) => {
    expect(() => conform({ spec: { renewTime: given } }, lease)).toThrow('parsing time')
  })
})
