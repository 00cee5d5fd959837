import { expect, test } from 'vitest'
import type { Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { portsTaken, refusalOf, standInPod } from './decide.ts'

type ServiceSpec = NonNullable<Service['spec']>
const serviceOf = (spec: ServiceSpec): Stored<Service> => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1' },
  spec: { selector: { app: 'web' }, clusterIP: '10.96.0.7', ports: [{ port: 80, targetPort: 8080 }], ...spec },
})

test.each([
  ['it is the name of another host', { type: 'ExternalName', externalName: 'db.example.com' }],
  ['headless', { clusterIP: 'None' }],
  ['no selector', { selector: {} }],
  ['no port', { ports: [] }],
  ['only TCP', { ports: [{ port: 53, protocol: 'UDP' }] }],
] satisfies [string, ServiceSpec][])('is refused: %s', (reason, spec) => {
  expect(refusalOf(serviceOf(spec))).toContain(reason)
})

test('one that is taken is not taken again', () => {
  const service = serviceOf({})
  expect(refusalOf(service)).toBeUndefined()
  const note = JSON.stringify({ selector: { app: 'web' }, ports: { 80: 3000 }, since: '2026-01-01T00:00:00Z' })
  service.metadata.annotations = { 'slipway.dev/taken': note }
  expect(refusalOf(service)).toContain('give it back first')
})

test('the only port needs no name; of several each has to be named', () => {
  expect(portsTaken(serviceOf({}), [{ port: '', hostPort: 3000 }])).toMatchObject([{ hostPort: 3000 }])
  const two = serviceOf({
    ports: [
      { name: 'http', port: 80 },
      { name: 'grpc', port: 90 },
    ],
  })
  expect(() => portsTaken(two, [{ port: '', hostPort: 3000 }])).toThrow('http=3000 grpc=3000')
  expect(() => portsTaken(two, [{ port: 'other', hostPort: 3000 }])).toThrow('has no port other; it has http, grpc')
  const ports = [
    { port: '90', hostPort: 2 },
    { port: 'http', hostPort: 1 },
  ]
  expect(portsTaken(two, ports).map(({ port, hostPort }) => [port.port, hostPort])).toEqual([
    [80, 1],
    [90, 2],
  ])
})

test('the pod listens at the target ports, by number and by name, and goes with the Service', () => {
  const service = serviceOf({
    ports: [
      { port: 80, targetPort: 'http' },
      { name: 'b', port: 90, targetPort: 70 },
    ],
  })
  const ports = [
    { port: '80', hostPort: 3000 },
    { port: '90', hostPort: 3001 },
  ]
  const pod = standInPod(service, portsTaken(service, ports), 'stand-in:1')
  expect(pod.metadata).toMatchObject({
    generateName: 'web-stand-in-',
    labels: { 'slipway.dev/stand-in': 'web' },
    ownerReferences: [{ kind: 'Service', name: 'web', uid: 'u' }],
  })
  expect(pod.spec?.containers[0]).toMatchObject({
    args: ['20000=host.slipway.internal:3000', '70=host.slipway.internal:3001'],
    ports: [{ containerPort: 20_000, name: 'http' }, { containerPort: 70 }],
  })
})
