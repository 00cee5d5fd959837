import { describe, expect, it, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { debugCommand, ephemeralContainer, startStateOf } from './debug-container.ts'
import { nodeShellPod } from './node-shell.ts'
import { lacksShell, shellCommand } from './pane.ts'
import { pendingPaste, withoutRunning } from './paste.ts'
import { successorOf } from './successor.ts'
import { usePanes } from './usePanes.ts'

describe('pasting', () => {
  it('one line is pasted at once', () => expect(pendingPaste('ls -l')).toBeUndefined())
  it('newlines wait, and are not run by the safe choice', () => {
    const pending = pendingPaste('cd data\r\nrm -rf index/*\n')
    expect(pending).toEqual({
      text: 'cd data\nrm -rf index/*\n',
      lines: ['cd data', 'rm -rf index/*'],
      runsLast: true,
    })
    expect(pending && withoutRunning(pending, false)).toBe('cd data; rm -rf index/*')
    expect(pending && withoutRunning(pending, true)).toBe('cd data\nrm -rf index/*')
  })
})

test('a debug container is the one that kubectl debug adds', () => {
  const choice = { image: 'busybox:1.36', container: 'app', profile: 'general' } as const
  expect(ephemeralContainer('debugger-x', choice)).toEqual({
    name: 'debugger-x',
    image: 'busybox:1.36',
    imagePullPolicy: 'IfNotPresent',
    stdin: true,
    tty: true,
    terminationMessagePolicy: 'File',
    securityContext: { capabilities: { add: ['SYS_PTRACE'] } },
    targetContainerName: 'app',
  })
  expect(ephemeralContainer('x', { ...choice, container: '' })).not.toHaveProperty('targetContainerName')
  expect(debugCommand({ namespace: 'shop', name: 'web' }, choice)).toBe(
    'kubectl debug -n shop -it web --image=busybox:1.36 --target=app --profile=general',
  )
})

test('a node shell is in the namespaces of its node, privileged, with its files at /host', () => {
  const { metadata, spec } = nodeShellPod('worker-1', 'node-debugger-worker-1-x', 'busybox:1.36')
  expect(metadata.namespace).toBe('default')
  expect(spec).toMatchObject({ nodeName: 'worker-1', hostPID: true, hostNetwork: true, hostIPC: true })
  expect(spec?.containers[0]).toMatchObject({
    securityContext: { privileged: true },
    volumeMounts: [{ name: 'host-root', mountPath: '/host' }],
  })
  expect(spec?.tolerations).toEqual([{ operator: 'Exists' }])
})

describe('the start of a container', () => {
  const pod = (state: object): Pod => ({
    metadata: { name: 'web' },
    status: {
      ephemeralContainerStatuses: [{ name: 'd', image: '', imageID: '', ready: false, restartCount: 0, state }],
    },
  })
  it.each([
    [{ running: {} }, { state: 'running' }],
    [{ terminated: { exitCode: 1 } }, { state: 'ended' }],
    [
      { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
      { state: 'waiting', reason: 'ErrImagePull', message: 'no such image' },
    ],
  ])('%j', (state, expected) => expect(startStateOf(pod(state), 'd')).toEqual(expected))
  it('one that is not in the status waits', () => expect(startStateOf(pod({}), 'other').state).toBe('waiting'))
})

describe('the pod that follows one that is gone', () => {
  const pod = (name: string, uid: string, owner: string, labels: Record<string, string>, at: number): Stored<Pod> => ({
    metadata: {
      name,
      uid,
      namespace: 'shop',
      resourceVersion: '1',
      creationTimestamp: new Date(at).toISOString(),
      labels,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
    },
    status: { phase: 'Running' },
  })
  const gone = pod('web-a', '1', 'rs1', { app: 'web', 'pod-template-hash': 'h1' }, 0)
  const sibling = pod('web-b', '2', 'rs1', gone.metadata.labels ?? {}, 1_000)
  const next = pod('web-c', '3', 'rs2', { app: 'web', 'pod-template-hash': 'h2' }, 2_000)

  it('is the newest of its controller', () => expect(successorOf(gone, [gone, sibling, next])).toBe(sibling))
  it('else one with its labels: the next revision', () => expect(successorOf(gone, [gone, next])).toBe(next))
  it('before all others the one of its name', () => {
    const same = pod('web-a', '4', 'rs9', {}, 500)
    expect(successorOf(gone, [sibling, same])).toBe(same)
  })
  it('is none that ends itself', () => {
    const leaving = { ...sibling, metadata: { ...sibling.metadata, deletionTimestamp: new Date().toISOString() } }
    expect(successorOf(gone, [gone, leaving])).toBeUndefined()
  })
})

test('panes are added beside the first, and the last one stands alone', () => {
  const target = { context: 'c', apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u' }
  const made = { mode: 'shell', target, containers: ['app'], container: 'app', shell: 'auto' } as const
  const { panes, active, layout, add, close, replace } = usePanes(made)
  add({ ...made, container: 'proxy' })
  expect([layout.value, active.value, panes.value.length]).toEqual(['split', 1, 2])
  replace(0, { ...made, container: 'new' })
  expect(panes.value.map(({ id, container }) => [id, container])).toEqual([
    [2, 'new'],
    [1, 'proxy'],
  ])
  close(1)
  expect([layout.value, active.value]).toEqual(['one', 2])
})

test('bash before sh, and a container without either says so', () => {
  expect(shellCommand('auto').join(' ')).toContain('exec bash || exec sh')
  expect(shellCommand('sh')).toEqual(['sh'])
  expect(lacksShell('exec: "sh": executable file not found in $PATH')).toBe(true)
  expect(lacksShell('the pod is not running')).toBe(false)
})
