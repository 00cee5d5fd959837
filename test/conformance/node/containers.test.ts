import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { conditionOf, containerOf, podsOf, shell } from '../support/pods.ts'
import { serverWithWorkers } from '../support/server.ts'
import { busybox, hasEnded, isReady, nginx } from '../support/workloads.ts'

/** The life of containers: hooks, init and ephemeral ones, exit, termination messages, logs, and their files. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)
const inPod = (name: string, container: string, ...command: string[]): Promise<string> =>
  server.kubectl.ok('exec', '-n', pods.namespace, name, '-c', container, '--', ...command)

/** A web server in a pod, whose log tells of each request. */
async function webServer(): Promise<{ name: string; ip: string; node: string }> {
  const name = await pods.create({ containers: [{ name: 'main', image: nginx }] })
  const { status, spec } = await pods.until(name, 'ready with an address', (pod) => isReady(pod) && pod.status.podIP)
  return { name, ip: status.podIP, node: spec.nodeName }
}
const requested = (web: string, what: string): Promise<boolean> =>
  eventually(`a request of ${what}`, async () => (await pods.logs(web)).includes(`GET /?${what} HTTP`))

const hooks: [string, (ip: string, what: string) => object][] = [
  ['exec', (ip, what) => ({ exec: { command: ['wget', '-q', '-O', '-', `http://${ip}/?${what}`] } })],
  ['http', (ip, what) => ({ httpGet: { host: ip, port: 80, path: `/?${what}` } })],
]
for (const [kind, action] of hooks) {
  const title = (hook: string): string =>
    `[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute ${hook} ${kind} hook properly [NodeConformance] [Conformance]`

  test.concurrent(title('poststart'), async () => {
    const { name, ip, node } = await webServer()
    const lifecycle = { postStart: action(ip, 'poststart') }
    await pods.create({ nodeName: node, containers: [shell(undefined, { lifecycle })] })
    await requested(name, 'poststart')
  })

  test.concurrent(title('prestop'), async () => {
    const { name: web, ip, node } = await webServer()
    const lifecycle = { preStop: action(ip, 'prestop') }
    const terminationGracePeriodSeconds = 20
    const name = await pods.create({
      terminationGracePeriodSeconds,
      nodeName: node,
      containers: [shell(undefined, { lifecycle })],
    })
    await pods.ready(name)
    expect(await pods.logs(web)).not.toContain('prestop')
    await api.delete(pods.at(name))
    await pods.gone(name)
    await requested(web, 'prestop')
  })
}

test.concurrent('[sig-node] PreStop should call prestop when killing a pod [Conformance]', async () => {
  const { name: web, ip } = await webServer()
  const command = ['wget', '-q', '-O', '-', `http://${ip}/?write`]
  const name = await pods.create({
    terminationGracePeriodSeconds: 20,
    containers: [shell(undefined, { lifecycle: { preStop: { exec: { command } } } })],
  })
  await pods.ready(name)
  await api.delete(pods.at(name))
  await requested(web, 'write')
  await pods.gone(name)
})

const message = async (script: string, more: object, phase: string): Promise<Wire> => {
  const name = await pods.create({ restartPolicy: 'Never', containers: [shell(script, more)] })
  const pod = await pods.until(name, 'ended', hasEnded)
  expect(pod.status.phase).toBe(phase)
  return containerOf(pod).state.terminated
}
const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' }
const blackbox = '[sig-node] Container Runtime blackbox test'

test.concurrent(
  `${blackbox} on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]`,
  async () => expect((await message('echo DONE', fallback, 'Succeeded')).message ?? '').toBe(''),
)
test.concurrent(
  `${blackbox} on terminated container should report termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]`,
  async () => {
    const script = 'echo -n OK > /dev/termination-log; echo DONE'
    expect((await message(script, fallback, 'Succeeded')).message).toBe('OK')
  },
)
test.concurrent(
  `${blackbox} on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]`,
  async () => {
    const terminated = await message('echo -n DONE; exit 1', fallback, 'Failed')
    expect(terminated).toMatchObject({ message: 'DONE', exitCode: 1, reason: 'Error' })
  },
)

test.concurrent(
  `${blackbox} when starting a container that exits should run with the expected status [NodeConformance] [Conformance]`,
  async () => {
    // The first run fails, the second succeeds, and the third stays.
    const script = 'echo run >> /runs/all; case $(wc -l < /runs/all) in 1) exit 1;; 2) exit 0;; esac; sleep 3600'
    const outcomes = [
      { restartPolicy: 'Always', phase: 'Running', restartCount: 2, state: 'running', ready: true },
      { restartPolicy: 'OnFailure', phase: 'Succeeded', restartCount: 1, state: 'terminated', ready: false },
      { restartPolicy: 'Never', phase: 'Failed', restartCount: 0, state: 'terminated', ready: false },
    ]
    await Promise.all(
      outcomes.map(async ({ restartPolicy, phase, restartCount, state, ready }) => {
        const name = await pods.create({
          restartPolicy,
          containers: [shell(script, { volumeMounts: [{ name: 'runs', mountPath: '/runs' }] })],
          volumes: [{ name: 'runs', emptyDir: {} }],
        })
        const pod = await pods.until(name, `${phase} with ${restartCount} restarts`, (seen) => {
          const container = containerOf(seen)
          return seen.status.phase === phase && container?.restartCount === restartCount && container.state[state]
        })
        expect([isReady(pod), Object.keys(containerOf(pod).state)]).toEqual([ready, [state]])
      }),
    )
  },
)

const init = (script1: string, script2: string, restartPolicy: string, run: string): Promise<string> =>
  pods.create({
    restartPolicy,
    initContainers: [shell(script1, { name: 'init1' }), shell(script2, { name: 'init2' })],
    containers: [shell(run, { name: 'run1', resources: { limits: { cpu: '100m' } } })],
  })
const initTitle = (words: string): string => `[sig-node] InitContainer [NodeConformance] ${words} [Conformance]`

function expectInitialized(pod: Wire): void {
  expect(conditionOf(pod, 'Initialized')).toMatchObject({ status: 'True' })
  for (const name of ['init1', 'init2'])
    expect(containerOf(pod, name)).toMatchObject({ ready: true, state: { terminated: { exitCode: 0 } } })
}

test.concurrent(initTitle('should invoke init containers on a RestartNever pod'), async () => {
  const name = await init('true', 'true', 'Never', 'true')
  const pod = await pods.until(name, 'succeeded', ({ status }) => status.phase === 'Succeeded')
  expectInitialized(pod)
  expect(containerOf(pod, 'run1').state.terminated.exitCode).toBe(0)
})

test.concurrent(initTitle('should invoke init containers on a RestartAlways pod'), async () => {
  const name = await init('true', 'true', 'Always', 'sleep 3600')
  expectInitialized(await pods.ready(name))
})

const incomplete = (names: string): object => ({
  status: 'False',
  reason: 'ContainersNotInitialized',
  message: `containers with incomplete status: [${names}]`,
})
const waitsForInit = { waiting: { reason: 'PodInitializing' } }

test.concurrent(
  initTitle('should not start app containers and fail the pod if init containers fail on a RestartNever pod'),
  async () => {
    const name = await init('true', 'false', 'Never', 'true')
    const pod = await pods.until(name, 'failed', ({ status }) => status.phase === 'Failed')
    expect(conditionOf(pod, 'Initialized')).toMatchObject(incomplete('init2'))
    expect(containerOf(pod, 'init1').state).toMatchObject({ terminated: { exitCode: 0 } })
    expect(containerOf(pod, 'init2').state).toMatchObject({ terminated: { exitCode: 1 } })
    expect(containerOf(pod, 'run1').state).toEqual(waitsForInit)
  },
)

test.concurrent(
  initTitle('should not start app containers if init containers fail on a RestartAlways pod'),
  async () => {
    const name = await init('false', 'true', 'Always', 'sleep 3600')
    const pod = await pods.until(
      name,
      'init1 restarted 3 times',
      (seen) => containerOf(seen, 'init1')?.restartCount >= 3,
    )
    expect(pod.status.phase).toBe('Pending')
    expect(conditionOf(pod, 'Initialized')).toMatchObject(incomplete('init1 init2'))
    for (const seen of pods.history(name).filter(({ status }) => status.initContainerStatuses)) {
      expect(containerOf(seen, 'init2').state).toEqual(waitsForInit)
      expect(containerOf(seen, 'run1').state).toEqual(waitsForInit)
    }
  },
)

const debug = async (name: string, container: string): Promise<Wire> => {
  const path = `${pods.at(name)}/ephemeralcontainers`
  const one = { name: container, image: busybox, command: ['sh', '-c', 'echo polo; sleep 3600'] }
  await api.patch(path, { spec: { ephemeralContainers: [one] } }, 'strategic')
  return pods.until(name, `${container} runs`, (pod) => containerOf(pod, container)?.state.running)
}
const ephemeral = (words: string): string => `[sig-node] Ephemeral Containers [NodeConformance] ${words} [Conformance]`

test.concurrent(ephemeral('will start an ephemeral container in an existing pod'), async () => {
  const name = await pods.create({ containers: [shell()] })
  await pods.ready(name)
  await debug(name, 'debugger')
  expect(await inPod(name, 'debugger', 'echo', 'marco')).toContain('marco')
  await eventually('its log', async () => (await pods.logs(name, 'debugger')) === 'polo\n')
})

test.concurrent(ephemeral('should update the ephemeral containers in an existing pod'), async () => {
  const name = await pods.create({ containers: [shell()] })
  await pods.ready(name)
  await debug(name, 'debugger')
  expect((await api.get(pods.at(name))).spec.ephemeralContainers).toHaveLength(1)
  expect(await inPod(name, 'debugger', 'echo', 'marco')).toContain('marco')
  // The whole list by an update, as the first was added by a patch.
  await api.change(`${pods.at(name)}/ephemeralcontainers`, ({ spec }) =>
    spec.ephemeralContainers.push({ name: 'debugger2', image: busybox, command: ['sleep', '3600'] }),
  )
  await pods.until(name, 'debugger2 runs', (pod) => containerOf(pod, 'debugger2')?.state.running)
  expect((await api.get(pods.at(name))).spec.ephemeralContainers).toHaveLength(2)
  expect(await inPod(name, 'debugger2', 'echo', 'marco')).toContain('marco')
})

test.concurrent(
  '[sig-node] ImageVolume should succeed with pod and pull policy of Always [LinuxOnly] [MinimumKubeletVersion:1.35] [Conformance]',
  async () => {
    const volumeMounts = [{ name: 'image', mountPath: '/image' }]
    const name = await pods.create({
      containers: [shell(undefined, { volumeMounts })],
      volumes: [{ name: 'image', image: { reference: nginx, pullPolicy: 'Always' } }],
    })
    await pods.ready(name)
    // busybox has no such file.
    expect(await inPod(name, 'main', 'cat', '/image/usr/share/nginx/html/index.html')).toContain('Welcome to nginx!')
  },
)

const kubelet = '[sig-node] Kubelet when scheduling'

test.concurrent(
  `${kubelet} a busybox command in a pod should print the output to logs [NodeConformance] [Conformance]`,
  async () => {
    const name = await pods.create({ containers: [shell("echo 'Hello World'; echo 'Hello again' >&2; sleep 600")] })
    await eventually('both lines', async () => {
      const lines = (await pods.logs(name)).split('\n')
      return lines.includes('Hello World') && lines.includes('Hello again')
    })
  },
)

test.concurrent(
  `${kubelet} a busybox command that always fails in a pod should have an terminated reason [NodeConformance] [Conformance]`,
  async () => {
    const name = await pods.create({ containers: [shell('exit 3')] })
    const isOver = (pod: Wire): boolean => containerOf(pod)?.state.terminated ?? containerOf(pod)?.lastState?.terminated
    const pod = await pods.until(name, 'terminated', isOver)
    expect(pod.status.containerStatuses).toHaveLength(1)
    const { state, lastState } = containerOf(pod)
    expect(state.terminated ?? lastState.terminated).toMatchObject({ reason: 'Error', exitCode: 3 })
  },
)

test.concurrent(
  `${kubelet} a busybox command that always fails in a pod should be possible to delete [NodeConformance] [Conformance]`,
  async () => {
    const name = await pods.create({ containers: [shell('false')] })
    await pods.until(name, 'restarted', (pod) => containerOf(pod)?.restartCount > 0)
    await api.delete(pods.at(name))
    await pods.gone(name)
  },
)

test.concurrent(
  `${kubelet} a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance] [Conformance]`,
  async () => {
    const securityContext = { readOnlyRootFilesystem: true }
    const container = shell('echo test > /file; cat /file; true', { securityContext })
    expect(await pods.run({ containers: [container] })).toMatch(/can't create \/file: Read-only file system/)
  },
)

test.concurrent(
  `${kubelet} an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance] [Conformance]`,
  async () => {
    const log = await pods.run({
      containers: [shell('cat /etc/hosts')],
      hostAliases: [
        { ip: '123.45.67.89', hostnames: ['foo', 'bar'] },
        { ip: '123.45.67.90', hostnames: ['baz'] },
      ],
    })
    expect(log.split('\n').filter((line) => line.startsWith('123.'))).toEqual([
      '123.45.67.89\tfoo\tbar',
      '123.45.67.90\tbaz',
    ])
  },
)

test.concurrent(
  `${blackbox} on terminated container should report termination message if TerminationMessagePath is set as non-root user and at a non-default path [NodeConformance] [Conformance]`,
  async () => {
    const more = { terminationMessagePath: '/dev/termination-custom-log', securityContext: { runAsUser: 1000 } }
    const script = 'echo -n DONE > /dev/termination-custom-log'
    expect((await message(script, more, 'Succeeded')).message).toBe('DONE')
  },
)

test.concurrent(
  '[sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file [NodeConformance] [Conformance]',
  async () => {
    const original = { name: 'host-file', mountPath: '/etc/hosts-original' }
    const own = { name: 'host-file', mountPath: '/etc/hosts' }
    const ofPod = async (more: object): Promise<string> => {
      const name = await pods.create({
        containers: [
          shell(undefined, { name: 'first', volumeMounts: [original] }),
          shell(undefined, { name: 'second', volumeMounts: [original] }),
          shell(undefined, { name: 'own', volumeMounts: [original, own] }),
        ],
        volumes: [{ name: 'host-file', hostPath: { path: '/etc/hosts', type: 'File' } }],
        ...more,
      })
      await pods.ready(name)
      return name
    }
    const read = (pod: string, container: string, file = '/etc/hosts'): Promise<string> =>
      inPod(pod, container, 'cat', file)
    const managed = '# Kubernetes-managed hosts file.'
    const [pod, hostPod] = await Promise.all([ofPod({}), ofPod({ hostNetwork: true })])
    for (const container of ['first', 'second']) expect(await read(pod, container)).toContain(managed)
    expect(await read(pod, 'own')).toBe(await read(pod, 'own', '/etc/hosts-original'))
    expect(await read(pod, 'own')).not.toContain(managed)
    for (const container of ['first', 'second']) expect(await read(hostPod, container)).not.toContain(managed)
  },
)
