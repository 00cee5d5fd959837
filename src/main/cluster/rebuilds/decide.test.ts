import { expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { imageNames, staleContainers, type NamedImage } from './decide.ts'

const digit = (of: string): string => `sha256:${of.repeat(64)}`
const built: NamedImage = { id: digit('b'), digests: [], builtAt: 5 }

function podOf({ image, imageID }: { image: string; imageID: string }, over: Partial<Pod> = {}): Pod {
  return {
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'app', image }] },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'app', image, imageID, ready: true, restartCount: 0, state: { running: {} } }],
    },
    ...over,
  }
}
const staleIn = (pod: Pod, host: NamedImage | undefined): string[] =>
  staleContainers(pod, () => host).map(({ name }) => name)

test('a container that runs another image than the one of its name here is stale', () => {
  const pod = podOf({ image: 'shop', imageID: `docker://${digit('a')}` })
  expect(staleContainers(pod, (name) => (name === 'shop:latest' ? built : undefined))).toEqual([
    { name: 'app', image: 'shop:latest', runs: `docker://${digit('a')}`, built: digit('b'), builtAt: 5 },
  ])
})

test('one that runs it is not, nor one whose image this machine does not have', () => {
  expect(staleIn(podOf({ image: 'shop:1', imageID: `docker://${digit('b')}` }), built)).toEqual([])
  expect(staleIn(podOf({ image: 'shop:1', imageID: `docker://${digit('a')}` }), undefined)).toEqual([])
})

test('one that a worker pulled is outdated by a build of this machine, not by its pull', () => {
  const pulled = podOf({ image: 'nginx:stable', imageID: `nginx@${digit('a')}` })
  expect(staleIn(pulled, built)).toEqual(['app'])
  expect(staleIn(pulled, { id: digit('c'), digests: [`nginx@${digit('d')}`] })).toEqual([])
})

test('an image that is named by its digest is never rebuilt', () => {
  const image = `shop@${digit('a')}`
  const pod = podOf({ image, imageID: `docker://${digit('a')}` })
  expect(imageNames(pod)).toEqual([])
  expect(staleIn(pod, built)).toEqual([])
})

test('pods that end, have ended or have not begun run nothing old', () => {
  const old = { image: 'shop:1', imageID: `docker://${digit('a')}` }
  expect(staleIn(podOf(old, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), built)).toEqual([])
  expect(staleIn(podOf(old, { status: { ...podOf(old).status, phase: 'Succeeded' } }), built)).toEqual([])
  expect(staleIn(podOf({ ...old, imageID: '' }), built)).toEqual([])
})

test('a name that is no reference says nothing', () => {
  expect(staleIn(podOf({ image: 'UPPER//:', imageID: `docker://${digit('a')}` }), built)).toEqual([])
})
