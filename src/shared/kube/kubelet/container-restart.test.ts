import { describe, expect, test } from 'vitest'
import type { ContainerAttempt } from './container-attempt.ts'
import {
  crashesAfter,
  letsNextStart,
  nextAttempt,
  nextStep,
  restartPolicyOf,
  type ContainerFacts,
  type ContainerKind,
} from './container-restart.ts'

const now = Date.parse('2026-01-01T12:00:00Z')
const ago = (seconds: number): string => new Date(now - seconds * 1_000).toISOString()
const attempt = (more: Partial<ContainerAttempt>): ContainerAttempt => ({
  id: 'a',
  attempt: 0,
  state: 'running',
  exitCode: 0,
  oomKilled: false,
  error: '',
  hash: 'h',
  createdAt: ago(60),
  startedAt: ago(60),
  ...more,
})
const exited = (exitCode: number, more: Partial<ContainerAttempt> = {}): ContainerAttempt =>
  attempt({ state: 'exited', exitCode, finishedAt: ago(1), ...more })
const facts = (more: Partial<ContainerFacts>): ContainerFacts => ({
  kind: 'main',
  policy: 'Always',
  latest: undefined,
  hash: 'h',
  isStale: false,
  crashes: 0,
  retryAt: 0,
  now,
  ...more,
})

describe('the next step of a container', () => {
  test.each<[string, Partial<ContainerFacts>, string]>([
    ['not tried yet', {}, 'start'],
    ['created, not started', { latest: attempt({ state: 'created' }) }, 'start'],
    ['running', { latest: attempt({}) }, 'supervise'],
    ['running by an older definition', { latest: attempt({ hash: 'old' }) }, 'replace'],
    ['succeeded, Always', { latest: exited(0) }, 'start'],
    ['succeeded, OnFailure', { policy: 'OnFailure', latest: exited(0) }, 'leave'],
    ['failed, OnFailure', { policy: 'OnFailure', latest: exited(1) }, 'start'],
    ['failed, Never', { policy: 'Never', latest: exited(1) }, 'leave'],
    ['init, done in an older sandbox', { kind: 'init', policy: 'Never', latest: exited(0), isStale: true }, 'start'],
    ['main, done in an older sandbox', { policy: 'Never', latest: exited(0), isStale: true }, 'leave'],
    ['crashed once', { latest: exited(1), crashes: 1 }, 'backOff'],
    ['crashed once, long ago', { latest: exited(1, { finishedAt: ago(11) }), crashes: 1 }, 'start'],
    ['crashed after it ran long', { latest: exited(1, { startedAt: ago(700) }), crashes: 5 }, 'start'],
    ['its start failed a moment ago', { retryAt: now + 500 }, 'retryLater'],
    ['its start failed a while ago', { retryAt: now - 1 }, 'start'],
    ['crashed, then the clock was set back', { latest: exited(1, { finishedAt: ago(-3_600) }), crashes: 1 }, 'start'],
    ['its start failed, then the clock was set back', { retryAt: now + 3_600_000 }, 'start'],
  ])('%s: %s', (_what, given, step) => {
    expect(nextStep(facts(given)).step).toBe(step)
  })

  test.each([
    [1, 10],
    [2, 20],
    [3, 40],
    [5, 160],
    [6, 300],
    [60, 300],
  ])('after %i crashes it waits %i s from the end of the last', (crashes, seconds) => {
    const next = nextStep(facts({ latest: exited(1), crashes }))
    expect(next).toEqual({ step: 'backOff', delayMs: seconds * 1_000, waitMs: (seconds - 1) * 1_000 })
  })
})

test.each<[ContainerKind, string | undefined, string]>([
  ['main', undefined, 'Always'],
  ['main', 'OnFailure', 'OnFailure'],
  ['main', 'Never', 'Never'],
  ['init', 'Always', 'OnFailure'],
  ['init', 'OnFailure', 'OnFailure'],
  ['init', 'Never', 'Never'],
  ['sidecar', 'Never', 'Always'],
  ['ephemeral', 'Always', 'Never'],
])('the policy of a container of kind %s in a pod with policy %s is %s', (kind, podPolicy, policy) => {
  expect(restartPolicyOf(kind, podPolicy, {})).toBe(policy)
})

describe('a policy of a container’s own', () => {
  const rule = (operator: string, ...values: number[]) => ({ action: 'Restart', exitCodes: { operator, values } })
  test.each<[string, ContainerKind, Parameters<typeof restartPolicyOf>[2], number | undefined, string]>([
    ['replaces the pod’s', 'main', { restartPolicy: 'OnFailure' }, 1, 'OnFailure'],
    ['replaces the pod’s, of an init container', 'init', { restartPolicy: 'OnFailure' }, 1, 'OnFailure'],
    [
      'yields to a rule that matches',
      'main',
      { restartPolicy: 'Never', restartPolicyRules: [rule('In', 42)] },
      42,
      'Always',
    ],
    [
      'stays where no rule matches',
      'main',
      { restartPolicy: 'Never', restartPolicyRules: [rule('In', 42)] },
      1,
      'Never',
    ],
    ['yields to NotIn', 'main', { restartPolicy: 'Never', restartPolicyRules: [rule('NotIn', 42)] }, 1, 'Always'],
    [
      'stays before the first end',
      'main',
      { restartPolicy: 'Never', restartPolicyRules: [rule('NotIn', 42)] },
      undefined,
      'Never',
    ],
    [
      'follows the first rule that matches',
      'main',
      { restartPolicy: 'Never', restartPolicyRules: [{ ...rule('In', 1), action: 'Other' }, rule('In', 1)] },
      1,
      'Never',
    ],
  ])('%s', (_what, kind, container, exitCode, policy) => {
    expect(restartPolicyOf(kind, 'Never', container, exitCode)).toBe(policy)
  })
})

test.each<[string, ContainerAttempt | undefined, number, number]>([
  ['the first attempt', undefined, 0, 0],
  ['created, never started', attempt({ state: 'created' }), 2, 0],
  ['ended soon', exited(0), 0, 1],
  ['ended soon again', exited(1), 3, 4],
  ['ran for more than ten minutes', exited(1, { startedAt: ago(700) }), 3, 1],
])('crashes are counted: %s', (_what, previous, before, after) => {
  expect(crashesAfter(previous, before)).toBe(after)
})

test.each<[string, ContainerAttempt | undefined, { restartCount: number; containerID?: string } | undefined, number]>([
  ['the first', undefined, undefined, 0],
  ['after one that was never started', attempt({ state: 'created', attempt: 3 }), undefined, 3],
  ['after one that ended', exited(0, { attempt: 3 }), undefined, 4],
  ['after the disk was lost', undefined, { restartCount: 6, containerID: 'docker://x' }, 7],
  ['never run, though its status is there', undefined, { restartCount: 0 }, 0],
])('the number of an attempt: %s', (_what, previous, reported, number) => {
  const status = reported && { name: 'c', image: '', imageID: '', ready: false, ...reported }
  expect(nextAttempt(previous, status)).toBe(number)
})

test.each<[string, Parameters<typeof letsNextStart>[0], boolean]>([
  ['init, running', { kind: 'init', latest: attempt({}), isStale: false, started: undefined }, false],
  ['init, succeeded', { kind: 'init', latest: exited(0), isStale: false, started: undefined }, true],
  ['init, failed', { kind: 'init', latest: exited(1), isStale: false, started: undefined }, false],
  ['init, succeeded before a reboot', { kind: 'init', latest: exited(0), isStale: true, started: undefined }, false],
  ['init, not tried', { kind: 'init', latest: undefined, isStale: false, started: undefined }, false],
  ['sidecar without a probe', { kind: 'sidecar', latest: attempt({}), isStale: false, started: undefined }, true],
  ['sidecar, not started', { kind: 'sidecar', latest: attempt({}), isStale: false, started: false }, false],
  ['sidecar, started', { kind: 'sidecar', latest: attempt({}), isStale: false, started: true }, true],
  ['sidecar, ended', { kind: 'sidecar', latest: exited(0), isStale: false, started: true }, false],
])('progress of init containers: %s', (_what, given, expected) => {
  expect(letsNextStart(given)).toBe(expected)
})
