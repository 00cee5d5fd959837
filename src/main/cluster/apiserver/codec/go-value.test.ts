import { expect, it } from 'vitest'
import { loadSchema } from '../schema/schema.ts'
import { goValue, nodeAt } from './go-value.ts'

const schema = loadSchema()

it('an invalid struct has Go’s field names, order and all its fields', () => {
  const binding = schema.type('io.k8s.api.rbac.v1.ClusterRoleBinding')
  expect(goValue({ name: 'admin', kind: 'Role' }, nodeAt(binding, 'roleRef'))).toBe(
    '{"APIGroup":"","Kind":"Role","Name":"admin"}',
  )
  const claim = schema.type('io.k8s.api.resource.v1.ResourceClaim')
  const request = { name: 'gpu', exactly: { deviceClassName: 'c', tolerations: [{ key: 'k' }] } }
  expect(goValue({ devices: { requests: [request] } }, nodeAt(claim, 'spec'))).toBe(
    '{"Devices":{"Requests":[{"Name":"gpu","Exactly":{"DeviceClassName":"c","Selectors":null,"AllocationMode":"","Count":0,' +
      '"AdminAccess":null,"Tolerations":[{"Key":"k","Operator":"","Value":"","Effect":"","TolerationSeconds":null}],"Capacity":null},' +
      '"FirstAvailable":null}],"Constraints":null,"Config":null}}',
  )
})

it('types of apimachinery and unknown ones have their JSON form', () => {
  const set = schema.type('io.k8s.api.apps.v1.ReplicaSet')
  expect(goValue({ matchLabels: { a: 'b' } }, nodeAt(set, 'spec.selector'))).toBe('{"matchLabels":{"a":"b"}}')
  expect(goValue({ a: 1 }, undefined)).toBe('{"a":1}')
})
