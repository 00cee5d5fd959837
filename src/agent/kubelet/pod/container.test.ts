import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Container, ContainerStatus, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { createFakeMounts } from '#test/support/fake-mounts.ts'
import { createPodScope, type TestScope } from '#test/support/pod-scope.ts'
import { ImageFailed } from '../images.ts'
import type { ObservedContainer } from '../runtime/runtime.ts'
import { containersOf, PodContainer } from './container.ts'
import type { ContainerKind } from '#shared/kube/kubelet/container-restart.ts'
import { Sandbox } from './sandbox.ts'
import { PodSources } from './sources.ts'

let root: string
let parts: TestScope
let pod: Stored<Pod>
let sandbox: ObservedContainer
let container: PodContainer
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-container-'))
})
afterEach(() => rm(root, { recursive: true }))

async function use(
  own: Partial<Container> = {},
  {
    kind = 'main',
    spec = {},
    status,
  }: { kind?: ContainerKind; spec?: Partial<PodSpec>; status?: ContainerStatus } = {},
): Promise<void> {
  const definition: Container = { name: 'c', image: 'app:1', ...own }
  pod = stored<Pod>({
    metadata: { name: 'p', namespace: 'n', uid: 'u' },
    spec: { containers: [definition], terminationGracePeriodSeconds: 20, ...spec },
    ...(status ? { status: { containerStatuses: [status] } } : {}),
  })
  parts = createPodScope(pod, { root })
  const holder = new Sandbox(parts.scope)
  const made = await holder.ensure(async () => undefined)
  if (!made) throw new Error('no sandbox')
  sandbox = made
  container = new PodContainer(definition, kind, {
    scope: parts.scope,
    sandbox: holder,
    sources: new PodSources(parts.scope),
  })
}
const sync = (): Promise<void> => container.sync(sandbox)
async function crash(): Promise<void> {
  parts.engine.end('c', 1)
  await container.collectExits()
  await sync()
}
const reasonsOf = (): (string | undefined)[] => parts.events.map((event) => event.split(':')[0])

test('a start is told step by step', async () => {
  await use()
  await sync()
  expect(parts.engine.running('c')).toHaveLength(1)
  expect(reasonsOf()).toEqual(['Pulled', 'Created', 'Started'])
  expect(container.observe()).toMatchObject({ imageId: 'docker://sha256:1', attempts: [{ attempt: 0 }] })
})

test('crashes wait ever longer; the wait shows as CrashLoopBackOff', async () => {
  await use()
  await sync()
  await crash()
  expect(container.latest).toMatchObject({ attempt: 1, state: 'running' })
  await crash()
  expect(container.observe().waiting).toEqual({
    reason: 'CrashLoopBackOff',
    message: 'back-off 10s restarting failed container=c pod=p_n(u)',
  })
  expect(parts.events.at(-1)).toBe('BackOff: Back-off restarting failed container c in pod p_n(u)')
  await parts.clock.advance(10_100)
  expect(parts.wakes()).toBeGreaterThan(0)
  await sync()
  expect(container.latest).toMatchObject({ attempt: 2, state: 'running' })
  expect(container.observe().waiting).toBeUndefined()
})

test('numbers of attempts go on where the status left off, when the disk is lost', async () => {
  const status = { name: 'c', image: '', imageID: '', ready: false, restartCount: 4, containerID: 'docker://gone' }
  await use({}, { status })
  await sync()
  expect(container.latest?.attempt).toBe(5)
})

test('another image replaces the container', async () => {
  await use()
  await sync()
  container.update({ name: 'c', image: 'app:2' })
  await sync()
  expect(parts.events).toContain('Killing: Container c definition changed, will be restarted')
  expect(container.latest?.state).toBe('exited')
  await sync()
  expect(parts.engine.created.map(({ image }) => image)).toEqual(['app:1', 'app:2'])
})

describe('a volume that is an image', () => {
  const mounting = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
  const spec = { volumes: [{ name: 'v', image: { reference: 'files:1', pullPolicy: 'IfNotPresent' } }] }

  test('is mounted from its layers, read-only, before the container starts', async () => {
    await use(mounting, { spec })
    const { images } = parts.scope
    images.present = async ({ image }) => ({
      image: {
        id: '1',
        digest: '1',
        user: '',
        env: [],
        sizeBytes: 7,
        ...(image === 'files:1' ? { layers: ['/top', '/base'] } : {}),
      },
    })
    await sync()
    const folder = join(root, 'pods/u/volumes/v')
    const mounts = parts.scope.mounts as ReturnType<typeof createFakeMounts>
    expect(mounts.bound.get(folder)).toBe(`/top:/base:${join(root, 'pods/u/empty')}`)
    expect(parts.engine.created[0]?.mounts[0]).toMatchObject({ source: folder, target: '/v', readOnly: true })
  })

  test('that cannot be fetched keeps the container from starting', async () => {
    await use(mounting, { spec })
    const { images } = parts.scope
    images.present = async () => undefined
    images.ensure = async ({ image = '' }, onPull) => {
      onPull()
      throw new ImageFailed('ErrImagePull', `Failed to pull image "${image}": it is not there`, image)
    }
    await sync()
    await expect.poll(() => parts.wakes()).toBeGreaterThan(0)
    await sync()
    expect(container.observe().waiting?.reason).toBe('ErrImagePull')
    await sync()
    expect(container.observe().waiting).toEqual({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "files:1": ErrImagePull: Failed to pull image "files:1": it is not there',
    })
    expect(parts.events[0]).toBe('Pulling: Pulling image "files:1"')
    expect(parts.engine.created).toEqual([])
  })
})

describe('what cannot be started', () => {
  test.each<[string, Partial<Container>, TestScope['engine']['failing'], string, string]>([
    [
      'no profile',
      { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } },
      {},
      'CreateContainerError',
      'cannot load seccomp profile',
    ],
    [
      'no ConfigMap',
      { envFrom: [{ configMapRef: { name: 'm' } }] },
      {},
      'CreateContainerConfigError',
      'configmap "m" not found',
    ],
    ['refused', {}, { create: 'invalid mount' }, 'CreateContainerError', 'invalid mount'],
    ['no such command', {}, { start: 'exec: no such file' }, 'RunContainerError', 'exec: no such file'],
  ])('%s', async (_what, own, failing, reason, message) => {
    await use(own)
    Object.assign(parts.engine.failing, failing)
    await sync()
    expect(container.observe().waiting?.reason).toBe(reason)
    expect(container.observe().waiting?.message).toContain(message)
    await sync()
    expect(parts.engine.running('c')).toEqual([])
    expect(parts.events.filter((event) => event.startsWith('Failed'))).toHaveLength(1)
  })

  test('is tried again at its time, not before', async () => {
    await use()
    parts.engine.failing.create = 'invalid mount'
    await sync()
    parts.engine.failing = {}
    await parts.clock.advance(9_000)
    await sync()
    expect(parts.engine.created).toEqual([])
    await parts.clock.advance(1_000)
    await sync()
    expect(parts.engine.running('c')).toHaveLength(1)
  })
})

describe('hooks', () => {
  test('a postStart hook that fails ends the container', async () => {
    await use({ lifecycle: { postStart: { exec: { command: ['boom'] } } } })
    parts.engine.execCode = 1
    await sync()
    expect(reasonsOf()).toEqual(['Pulled', 'Created', 'Started', 'FailedPostStartHook', 'Killing'])
    expect(container.latest?.state).toBe('exited')
  })

  test('a preStop hook comes before the stop, and one that fails does not keep it from being stopped', async () => {
    await use({ lifecycle: { preStop: { exec: { command: ['bye'] } } } })
    await sync()
    parts.engine.execCode = 1
    const running = container.latest
    if (running) await container.stop(running)
    expect(parts.engine.commands).toEqual(['bye'])
    expect(reasonsOf().slice(-2)).toEqual(['Killing', 'FailedPreStopHook'])
    expect(parts.engine.stops).toEqual([['c', 20]])
  })

  test('with no grace there is no hook', async () => {
    await use({ lifecycle: { preStop: { exec: { command: ['bye'] } } } })
    await sync()
    const running = container.latest
    if (running) await container.stop(running, undefined, 0)
    expect([parts.engine.commands, parts.engine.stops]).toEqual([[], [['c', 0]]])
  })

  test('a hook that takes all the grace leaves two seconds', async () => {
    await use({ lifecycle: { preStop: { sleep: { seconds: 60 } } } })
    await sync()
    const running = container.latest
    const stopped = running && container.stop(running)
    await parts.clock.advance(20_000)
    await stopped
    expect(parts.engine.stops).toEqual([['c', 2]])
  })
})

test('a shorter grace hurries what is being stopped, and gives its hook up', async () => {
  await use({ lifecycle: { preStop: { sleep: { seconds: 600 } } } })
  await sync()
  const running = container.latest
  const stopped = running && container.stop(running, undefined, 600)
  expect(container.isStopping).toBe(true)
  parts.scope.termination.begin(1)
  parts.scope.termination.shorten()
  container.hurry(1)
  await stopped
  expect(parts.engine.stops).toEqual([
    ['c', 1],
    ['c', 2],
  ])
  expect(container.isStopping).toBe(false)
})

test('of a container that is being stopped only readiness is probed, until it has ended', async () => {
  let release: () => void = () => undefined
  const every = { periodSeconds: 1, failureThreshold: 1 }
  await use({
    livenessProbe: { ...every, exec: { command: ['alive'] } },
    readinessProbe: { ...every, exec: { command: ['ready'] } },
  })
  parts.engine.slowStop = new Promise((resolve) => (release = resolve))
  await sync()
  await parts.clock.advance(0)
  expect(container.observe().ready).toBe(true)
  const running = container.latest
  const stopped = running && container.stop(running)
  parts.engine.commands = []
  parts.engine.execCode = 1
  await sync()
  await parts.clock.advance(3_000)
  expect(parts.engine.commands).toEqual(['ready', 'ready', 'ready'])
  expect(container.observe().ready).toBe(false)
  release()
  await stopped
  await parts.clock.advance(3_000)
  expect(parts.engine.commands).toHaveLength(3)
})

describe('a resize', () => {
  const resources = { limits: { memory: '64Mi' } }

  test('reaches the running container', async () => {
    await use()
    await sync()
    container.update({ name: 'c', image: 'app:1', resources })
    await sync()
    expect(container.latest).toMatchObject({ attempt: 0, resources: { memoryBytes: 64 * 2 ** 20 } })
  })

  test('that fails is told, and tried again', async () => {
    await use()
    await sync()
    parts.engine.failing.update = 'memory in use'
    container.update({ name: 'c', image: 'app:1', resources })
    await sync()
    expect(container.resizeError).toBe('memory in use')
    parts.engine.failing = {}
    await parts.clock.advance(10_000)
    expect(parts.wakes()).toBe(1)
    await sync()
    expect(container.resizeError).toBeUndefined()
  })
})

test('two attempts are kept', async () => {
  await use({}, { kind: 'sidecar' })
  for (let i = 0; i < 4; i++) {
    await sync()
    parts.engine.end('c', 0)
    await container.collectExits()
    await container.prune()
    await parts.clock.advance(300_000)
  }
  expect(container.attempts.map(({ attempt }) => attempt)).toEqual([2, 3])
  expect(container.observe().messages.size).toBe(2)
})

test('a sandbox that dies ends what runs in it, and drops what was not started', async () => {
  await use()
  await sync()
  await container.leaveSandbox()
  expect(container.latest?.state).toBe('exited')
  expect(parts.engine.stops).toEqual([['c', 0]])
})

test('the containers of a pod come in the order in which they start', () => {
  const of = containersOf({
    metadata: {},
    spec: {
      containers: [{ name: 'main' }],
      initContainers: [{ name: 'first' }, { name: 'side', restartPolicy: 'Always' }],
      ephemeralContainers: [{ name: 'look' }],
    },
  })
  expect(of.map(({ container: { name }, kind }) => [name, kind])).toEqual([
    ['first', 'init'],
    ['side', 'sidecar'],
    ['main', 'main'],
    ['look', 'ephemeral'],
  ])
})
