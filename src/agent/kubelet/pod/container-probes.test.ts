import { beforeEach, describe, expect, test } from 'vitest'
import type { Container, ContainerStatus } from '#shared/kube/generated/types.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { ContainerProbes } from './container-probes.ts'

const probe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 2 }
const reported = (started: boolean, ready: boolean): ContainerStatus => ({
  name: 'c',
  image: '',
  imageID: '',
  restartCount: 0,
  started,
  ready,
})

let clock: FakeClock
let code: number
let asked: string[]
let kills: [id: string, kind: string, grace: number | undefined][]
let failures: string[]
let probes: ContainerProbes
beforeEach(() => {
  clock = createFakeClock()
  code = 0
  asked = []
  kills = []
  failures = []
  probes = new ContainerProbes({
    clock,
    exec: async (id) => {
      asked.push(id)
      return { code, output: 'no answer\n' }
    },
    onFailure: (message) => failures.push(message),
    onWarning: () => undefined,
    onChange: () => undefined,
    onKill: (...kill) => kills.push(kill),
  })
})
const watch = (id: string, own: Partial<Container>, status?: ContainerStatus): void =>
  probes.watch(id, { name: 'c', ...own }, { podIp: '10.244.0.2', hostNetwork: false }, status)

describe('before the first result', () => {
  test.each<[string, Partial<Container>, ContainerStatus | undefined, boolean | undefined, boolean | undefined]>([
    ['no probes', {}, undefined, undefined, undefined],
    ['a readiness probe', { readinessProbe: probe }, undefined, undefined, false],
    ['a startup probe', { startupProbe: probe }, undefined, false, false],
    ['a liveness probe', { livenessProbe: probe }, undefined, undefined, undefined],
    ['was ready before the agent restarted', { readinessProbe: probe }, reported(true, true), undefined, true],
    ['was started before the agent restarted', { startupProbe: probe }, reported(true, false), true, false],
  ])('%s', (_what, container, status, started, ready) => {
    watch('a', container, status)
    expect([probes.started, probes.ready]).toEqual([started, ready])
  })
})

test('readiness follows the results', async () => {
  watch('a', { readinessProbe: probe })
  await clock.advance(0)
  expect(probes.ready).toBe(true)
  code = 1
  await clock.advance(2_000)
  expect(probes.ready).toBe(false)
  expect(failures).toContain('Readiness probe failed: no answer')
})

test('a startup probe that passes makes the container started, and ready where nothing else says so', async () => {
  watch('a', { startupProbe: probe })
  await clock.advance(0)
  expect([probes.started, probes.ready]).toEqual([true, true])
})

test.each(['startup', 'liveness'])('a %s probe that fails asks for the container’s end', async (kind) => {
  code = 1
  watch('a', { [`${kind}Probe`]: { ...probe, terminationGracePeriodSeconds: 3 } })
  await clock.advance(2_000)
  expect(kills).toEqual([['a', kind, 3]])
})

test('the same attempt is probed once; a new one takes the place of the old', async () => {
  const own = { readinessProbe: probe }
  watch('a', own)
  watch('a', own)
  await clock.advance(0)
  expect(asked).toEqual(['a'])
  probes.reset()
  watch('b', own)
  expect(probes.ready).toBe(false)
  await clock.advance(1_000)
  expect(asked).toEqual(['a', 'b', 'b'])
  probes.end('a')
  await clock.advance(1_000)
  probes.end('b')
  await clock.advance(5_000)
  expect(asked).toEqual(['a', 'b', 'b', 'b'])
})
