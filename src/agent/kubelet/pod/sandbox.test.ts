import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Pod, PodSpec, RuntimeClass } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createPodScope, type TestScope } from '#test/support/pod-scope.ts'
import type { ContainerSpec, ObservedContainer } from '../runtime/runtime.ts'
import { Sandbox } from './sandbox.ts'

const podOf = (spec: Partial<PodSpec> = {}): Stored<Pod> =>
  stored<Pod>({
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: { containers: [{ name: 'c' }], ...spec },
  })
const runtimeClass = (name: string, handler: string): RuntimeClass => ({
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name },
  handler,
})

let root: string
let parts: TestScope
let sandbox: Sandbox
let cleared: number
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-sandbox-'))
  use(podOf())
})
afterEach(() => rm(root, { recursive: true }))

function use(pod: Stored<Pod>): void {
  const objects = [runtimeClass('plain', 'runc'), runtimeClass('guest', 'gvisor')]
  parts = createPodScope(pod, { root, objects })
  sandbox = new Sandbox(parts.scope)
  cleared = 0
}
const ensure = (): ReturnType<Sandbox['ensure']> => sandbox.ensure(async () => void cleared++)

test('it is made once, with its address and the pod’s files', async () => {
  const made = await ensure()
  expect(await ensure()).toEqual(made)
  expect([made?.state, sandbox.ip, parts.network]).toEqual(['running', '10.244.0.2', ['attach']])
  expect(await readFile(join(root, 'pods/u/etc-hosts'), 'utf8')).toContain('10.244.0.2\tp')
})

test('one that runs is taken over by an agent that has restarted', async () => {
  const made = await ensure()
  const second = new Sandbox(parts.scope)
  expect((await second.ensure(async () => undefined))?.id).toBe(made?.id)
  expect([second.ip, parts.engine.all().length]).toEqual(['10.244.0.2', 1])
})

test('one that has died is replaced, and what ran in it is older', async () => {
  const first = await ensure()
  parts.engine.reboot()
  const second = await ensure()
  expect([cleared, parts.network]).toEqual([1, ['attach', 'detach', 'attach']])
  expect(second?.id).not.toBe(first?.id)
  expect(parts.engine.all().map(({ id }) => id)).toEqual([second?.id])
  expect(first && sandbox.isOlder(first)).toBe(true)
})

test('a pod in the node’s network has its address, and none of its own', async () => {
  use(podOf({ hostNetwork: true }))
  await ensure()
  expect([sandbox.ip, parts.network]).toEqual(['172.18.0.2', []])
})

test('host ports are asked for', async () => {
  use(podOf({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }] }] }))
  await ensure()
  expect(parts.network).toEqual(['attach 8080'])
})

test('a stop keeps it, a removal does not', async () => {
  await ensure()
  await sandbox.stop()
  await sandbox.stop()
  expect([parts.network, parts.engine.all().map(({ state }) => state)]).toEqual([['attach', 'detach'], ['exited']])
  await sandbox.remove()
  expect(parts.engine.all()).toEqual([])
})

describe('a sandbox that waits for a pod', () => {
  const waiting: ObservedContainer = {
    id: 'waiting',
    podUid: 'warm-1',
    podNamespace: '',
    podName: '',
    name: '',
    sandbox: true,
    attempt: 0,
    state: 'running',
    pid: 8,
    exitCode: 0,
    oomKilled: false,
    error: '',
    image: 'pause',
    imageId: 'sha256:2',
    hostname: 'pod',
    tty: false,
    hash: '',
    createdAt: '2026-01-01T00:00:00Z',
    resources: { cpuShares: 2, cpuQuota: 0, memoryBytes: 0 },
  }
  let taken: number
  const warm = {
    take() {
      taken++
      parts.engine.add(waiting)
      return waiting
    },
  }
  function useWarm(pod: Stored<Pod>): void {
    use(pod)
    taken = 0
    sandbox = new Sandbox({ ...parts.scope, warm })
  }

  test('becomes the pod’s, with the address that it has', async () => {
    useWarm(podOf())
    const made = await ensure()
    expect(made).toMatchObject({ id: 'waiting', podUid: 'u', podNamespace: 'default', podName: 'p' })
    expect([parts.network, sandbox.ip, sandbox.ownHostname]).toEqual([
      ['hand over warm-1', 'attach'],
      '10.244.0.2',
      'p',
    ])
    expect(await ensure()).toEqual(made)
    expect(taken).toBe(1)
  })

  test('is replaced by one of the pod’s own where it cannot be taken', async () => {
    useWarm(podOf())
    parts.engine.failing.adopt = 'no such container'
    expect(await ensure()).toMatchObject({ state: 'running', hostname: 'p' })
    expect([parts.logged, parts.events, sandbox.ownHostname]).toEqual([['warm sandbox not used'], [], undefined])
  })

  test.each<[string, Partial<PodSpec>]>([
    ['the node’s network', { hostNetwork: true }],
    ['the node’s processes', { hostPID: true }],
    ['the node’s IPC', { hostIPC: true }],
    ['a user namespace', { hostUsers: false }],
    ['a runtime of its own', { runtimeClassName: 'plain' }],
    ['its FQDN as hostname', { setHostnameAsFQDN: true }],
    ['kernel settings', { securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } }],
  ])('is not for a pod that asks for %s', async (_what, spec) => {
    useWarm(podOf(spec))
    await ensure()
    expect(taken).toBe(0)
  })

  test('is not for a pod that had another before: what ran there would be younger', async () => {
    useWarm(podOf())
    sandbox = new Sandbox(parts.scope)
    await ensure()
    parts.engine.reboot()
    await parts.engine.runtime.createContainer({ name: 'c', attempt: 0, hash: 'h' } as ContainerSpec)
    sandbox = new Sandbox({ ...parts.scope, warm })
    await ensure()
    expect(taken).toBe(0)
  })
})

test('a failure is an event, tried again ever later while it stays the same', async () => {
  parts.engine.failing.sandbox = 'no space left'
  expect(await ensure()).toBeUndefined()
  expect(parts.events).toEqual(['FailedCreatePodSandBox: Failed to create pod sandbox: no space left'])
  await parts.clock.advance(2_000)
  expect(parts.wakes()).toBe(1)
  await ensure()
  await parts.clock.advance(3_999)
  expect(parts.wakes()).toBe(1)
  await parts.clock.advance(1)
  expect(parts.wakes()).toBe(2)
  parts.engine.failing = {}
  expect(await ensure()).toBeDefined()
})

test('one that was made and does not start is replaced at its time, whatever its end wakes', async () => {
  parts.engine.failing.sandboxStart = 'mount failed'
  await ensure()
  const [first] = parts.engine.all()
  await ensure()
  expect(parts.engine.all().map(({ id }) => id)).toEqual([first?.id])
  expect(parts.events).toEqual(['FailedCreatePodSandBox: Failed to create pod sandbox: mount failed'])
  parts.engine.failing = {}
  await parts.clock.advance(2_000)
  expect(await ensure()).toMatchObject({ state: 'running' })
  expect(parts.engine.all()).toHaveLength(1)
})

describe('with a user namespace', () => {
  const taken: string[] = []
  const userNamespaces = {
    take: (uid: string) => (taken.push(`take ${uid}`), 131_072),
    release: (uid: string) => void taken.push(`release ${uid}`),
  }
  beforeEach(() => void taken.splice(0))

  test('it has users of its own until it is removed', async () => {
    use(podOf({ hostUsers: false }))
    sandbox = new Sandbox({ ...parts.scope, userNamespaces })
    expect(await ensure()).toMatchObject({ userNamespace: 131_072 })
    await sandbox.remove()
    expect(taken).toEqual(['take u', 'release u'])
  })

  test.each([true, undefined])('it has the node’s with hostUsers %s', async (hostUsers) => {
    use(podOf(hostUsers === undefined ? {} : { hostUsers }))
    sandbox = new Sandbox({ ...parts.scope, userNamespaces })
    expect(await ensure()).not.toHaveProperty('userNamespace')
    expect(taken).toEqual([])
  })

  test('it is refused where the node has none', async () => {
    use(podOf({ hostUsers: false }))
    expect(await ensure()).toBeUndefined()
    expect(parts.events[0]).toContain('does not support user namespaces')
  })
})

describe('with a RuntimeClass', () => {
  test.each<[string, Partial<PodSpec>, string | undefined]>([
    ['of the engine’s runtime', { runtimeClassName: 'plain' }, undefined],
    ['of a runtime that is not here', { runtimeClassName: 'guest' }, 'no runtime for "gvisor" is configured'],
    ['that does not exist', { runtimeClassName: 'nope' }, 'runtimeclasses.node.k8s.io "nope" not found'],
  ])('%s', async (_what, spec, message) => {
    use(podOf(spec))
    const made = await ensure()
    expect(made === undefined).toBe(message !== undefined)
    if (message !== undefined) expect(parts.events[0]).toContain(message)
    expect(parts.engine.all()).toHaveLength(message === undefined ? 1 : 0)
  })
})
