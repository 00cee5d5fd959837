import { describe, expect, it } from 'vitest'
import type { Container, DeviceClass, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { backedBy, requestsFor } from './extended-resources.ts'

const deviceClass = (name: string, extendedResourceName?: string, creationTimestamp = ''): Stored<DeviceClass> => ({
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp },
  spec: extendedResourceName === undefined ? {} : { extendedResourceName },
})
const using = (name: string, requests: Record<string, string>, restartPolicy?: string): Container => ({
  name,
  image: 'x',
  resources: { requests },
  ...(restartPolicy === undefined ? {} : { restartPolicy }),
})
const gpu = 'example.com/gpu'
const backed = new Map([[gpu, deviceClass('gpu', gpu)]])
const podOf = (containers: Container[], initContainers: Container[] = []): Pod => ({
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers, initContainers },
})
/** `request×count …; container→request …` */
const told = (pod: Pod): string => {
  const { requests, mappings } = requestsFor(pod, backed)
  const wanted = requests.map(({ name, exactly }) => `${name}×${exactly?.count}`)
  return [wanted, mappings.map((each) => `${each.containerName}→${each.requestName}`)]
    .map((part) => part.join(' '))
    .join('; ')
}

describe('the claim for extended resources', () => {
  it.each<[string, Pod, string]>([
    [
      'has a request for each container, named by its place and that of the resource among the requests',
      podOf([using('a', { [gpu]: '2', cpu: '1' }), using('b', {}), using('c', { [gpu]: '1' })]),
      'container-0-request-1×2 container-2-request-0×1; a→container-0-request-1 c→container-2-request-0',
    ],
    [
      'lets init containers use the devices of later containers',
      podOf([using('a', { [gpu]: '2' })], [using('i', { [gpu]: '1' })]),
      'container-1-request-0×2; a→container-1-request-0 i→container-1-request-0',
    ],
    [
      'has one request for what init containers need beyond those',
      podOf([using('a', { [gpu]: '1' })], [using('i', { [gpu]: '2' }), using('j', { [gpu]: '4' })]),
      'container-1-request-0×3 container-2-request-0×1; ' +
        'a→container-2-request-0 i→container-2-request-0 i→container-1-request-0 j→container-2-request-0 j→container-1-request-0',
    ],
    [
      'counts sidecars as containers',
      podOf([using('a', { [gpu]: '1' })], [using('s', { [gpu]: '1' }, 'Always')]),
      'container-0-request-0×1 container-1-request-0×1; s→container-0-request-0 a→container-1-request-0',
    ],
  ])('%s', (_, pod, expected) => {
    expect(told(pod)).toBe(expected)
  })
})

it('finds the class by its resource or its own name, the newest of several', () => {
  const classes = [
    deviceClass('b', gpu, '2026-01-01T00:00:00Z'),
    deviceClass('a', gpu, '2026-01-01T00:00:00Z'),
    deviceClass('new', gpu, '2026-01-02T00:00:00Z'),
    deviceClass('plain'),
  ]
  const found = (requested: [string, number][], of = classes) =>
    [...backedBy(new Map(requested), { list: () => of })].map(([name, { metadata }]) => `${name}=${metadata.name}`)
  expect(found([[gpu, 1]])).toEqual(['example.com/gpu=new'])
  expect(found([[gpu, 1]], classes.slice(0, 2))).toEqual(['example.com/gpu=a'])
  expect(found([['deviceclass.resource.kubernetes.io/plain', 1]])).toEqual([
    'deviceclass.resource.kubernetes.io/plain=plain',
  ])
  expect(
    found([
      ['example.com/other', 1],
      [gpu, 0],
    ]),
  ).toEqual([])
})
