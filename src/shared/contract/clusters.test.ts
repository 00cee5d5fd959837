import { expect, test } from 'vitest'
import { clusterSpec, mirrorsOf, withMirrors } from './clusters.ts'

test('mirrors are of registries as image names have them, and of real workers', () => {
  const taken = (registryMirrors: unknown, more: object = {}): boolean =>
    clusterSpec.safeParse({ name: 'a', workers: 1, registryMirrors, ...more }).success
  expect(taken({ 'ghcr.io': ['https://mirror.example.com', 'http://10.0.0.5:5000/ghcr'] })).toBe(true)
  expect(taken({ 'https://ghcr.io': ['https://mirror.example.com'] })).toBe(false)
  expect(taken({ 'ghcr.io': ['mirror.example.com'] })).toBe(false)
  expect(taken({ 'ghcr.io': ['https://mirror.example.com'] }, { simulated: true })).toBe(false)
})

test('a mirror of docker.io of earlier versions is one among others, until it is changed', () => {
  const spec = { name: 'a', workers: 1, registryMirror: 'https://old.example.com' }
  expect(mirrorsOf(spec)).toEqual({ 'docker.io': ['https://old.example.com'] })
  const more = withMirrors(spec, 'ghcr.io', ['https://m.io'])
  expect(more).toEqual({
    name: 'a',
    workers: 1,
    registryMirrors: { 'docker.io': ['https://old.example.com'], 'ghcr.io': ['https://m.io'] },
  })
  expect(withMirrors(withMirrors(more, 'docker.io', []), 'ghcr.io', [])).toEqual({ name: 'a', workers: 1 })
})

test.each([
  ['10.244.0.0/16,fd00:10:244::/56', '10.96.0.0/16,fd00:10:96::/112', false, true],
  ['10.244.0.0/16,fd00:10:244::/56', '10.96.0.0/16', false, false],
  ['10.244.0.0/16,fd00:10:244::/56', undefined, false, false],
  [undefined, '10.96.0.0/16,fd00:10:96::/112', false, false],
  ['10.244.0.0/16,fd00:10:244::/56', '10.96.0.0/16,fd00:10:96::/112', true, false],
])('ranges of both families: pods %j, Services %j, simulated %j: %j', (podCidr, serviceCidr, simulated, isTaken) => {
  const spec = { name: 'a', workers: 1, podCidr, serviceCidr, ...(simulated ? { simulated } : {}) }
  expect(clusterSpec.safeParse(spec).success).toBe(isTaken)
})
