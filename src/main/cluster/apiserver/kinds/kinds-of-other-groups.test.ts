import { describe, expect, it } from 'vitest'
import type { Event, EventsEvent } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { cells, change, findings, updateFindings } from '#test/support/kinds.ts'
import { lease } from './coordination/lease.ts'
import { event } from './core/event.ts'
import { endpointSlice } from './discovery/endpointslice.ts'
import { eventsEvent } from './events/event.ts'
import { priorityClass } from './scheduling/priorityclass.ts'
import { storageClass } from './storage/storageclass.ts'

describe('events', () => {
  const old: Stored<Event> = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'ns', uid: 'u', resourceVersion: '1' },
    involvedObject: { kind: 'Pod', namespace: 'ns', name: 'p', fieldPath: 'spec.containers{c}' },
    reason: 'Started',
    message: 'Started container c',
    source: { component: 'kubelet', host: 'w1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:01:00Z',
    count: 3,
    type: 'Normal',
    reportingComponent: '',
    reportingInstance: '',
  }

  it('are the same in both versions', () => {
    const newer = eventsEvent.fromStorage?.(old) as EventsEvent
    expect(newer).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: old.involvedObject,
      note: old.message,
      deprecatedSource: old.source,
      deprecatedFirstTimestamp: old.firstTimestamp,
      deprecatedLastTimestamp: old.lastTimestamp,
      deprecatedCount: 3,
    })
    expect(newer).not.toHaveProperty('message')
    expect(eventsEvent.toStorage?.(newer)).toEqual(old)
  })

  it('are printed as kubectl prints them', () => {
    const now = Date.parse('2026-01-01T00:02:00Z')
    const expected = {
      'Last Seen': '60s',
      Type: 'Normal',
      Reason: 'Started',
      Object: 'pod/p',
      Subobject: 'spec.containers{c}',
      Source: 'kubelet, w1',
      Message: 'Started container c',
      'First Seen': '2m',
      Count: 3,
      Name: 'e',
    }
    expect(cells(event, old, now)).toEqual(expected)
    expect(cells(eventsEvent, eventsEvent.fromStorage?.(old), now)).toEqual(expected)
  })

  it('are selected by the object they refer to', () => {
    expect(event.fields?.['involvedObject.name']?.(old)).toBe('p')
    expect(event.fields?.['source']?.(old)).toBe('kubelet')
    expect(eventsEvent.fields?.['regarding.name']?.(eventsEvent.fromStorage?.(old) as EventsEvent)).toBe('p')
  })

  it('must be in the namespace of the object they refer to', () => {
    expect(findings(event, change(old, { 'involvedObject.namespace': 'other' }))).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ])
    const ofNode = change(old, { 'metadata.namespace': 'default', 'involvedObject.namespace': '' })
    expect(findings(event, ofNode)).toEqual([])
  })

  it('with eventTime require the reporting fields', () => {
    const metadata = { name: 'e', namespace: 'default' }
    const bare = { metadata, eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal' }
    expect(findings(eventsEvent, bare)).toEqual([
      'reportingController: Required value',
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
    ])
  })
})

describe('an EndpointSlice', () => {
  const slice = {
    metadata: { name: 's' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ port: 80 }],
  }

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'of another IP family',
      { 'endpoints.0.addresses': ['fd00::1'] },
      ['endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address'],
    ],
    [
      'without an address',
      { 'endpoints.0.addresses': [] },
      ['endpoints[0].addresses: Required value: must contain at least 1 address'],
    ],
    [
      'with too many endpoints',
      { endpoints: Array.from({ length: 1001 }, () => ({ addresses: ['10.0.0.1'] })) },
      ['endpoints: Too many: 1001: must have at most 1000 items'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings(endpointSlice, change(slice, changes))).toEqual(errors)
  })

  it('is printed as kubectl prints it', () => {
    expect(cells(endpointSlice, slice)).toMatchObject({ AddressType: 'IPv4', Ports: '80', Endpoints: '10.0.0.1' })
    expect(cells(endpointSlice, { metadata: {}, addressType: 'IPv4' })).toMatchObject({
      Ports: '<unset>',
      Endpoints: '<unset>',
    })
  })
})

it('a Lease must have a positive duration', () => {
  expect(findings(lease, { metadata: { name: 'l' }, spec: { leaseDurationSeconds: 0 } })).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
  ])
})

describe('a PriorityClass', () => {
  it('of a user is below system priorities', () => {
    expect(findings(priorityClass, { metadata: { name: 'p' }, value: 1_000_000_001 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ])
    expect(findings(priorityClass, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 })).toEqual([])
    expect(findings(priorityClass, { metadata: { name: 'system-mine' }, value: 1 })).toHaveLength(1)
  })

  it('cannot change its value', () => {
    const stored = { metadata: { name: 'p' }, value: 1 }
    expect(updateFindings(priorityClass, change(stored, { value: 2 }), stored)).toEqual([
      'value: Forbidden: may not be changed in an update.',
    ])
  })
})

describe('a StorageClass', () => {
  const simple = { metadata: { name: 'fast' }, provisioner: 'example.com/p' }

  it('marks the default in its name', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' }
    expect(cells(storageClass, change(simple, { 'metadata.annotations': annotations }))).toMatchObject({
      Name: 'fast (default)',
      AllowVolumeExpansion: false,
    })
  })

  it('cannot change its provisioner', () => {
    expect(updateFindings(storageClass, change(simple, { provisioner: 'example.com/q' }), simple)).toEqual([
      'provisioner: Invalid value: "example.com/q": field is immutable',
    ])
  })
})
