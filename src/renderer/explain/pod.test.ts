import { describe, expect, test } from 'vitest'
import type {
  ContainerStateTerminated,
  ContainerStatus,
  Event,
  PersistentVolumeClaim,
  Pod,
} from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import type { Tone } from '../components/tone.ts'
import { podTone } from '../kinds/core/pod.ts'
import { explainPod } from './pod.ts'
import { schedulerReasons } from './pod-scheduling.ts'
import type { Explanation, Surroundings } from './explanation.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1_000).toISOString()

const pod = (more: { metadata?: object; spec?: object; status?: object } = {}): Pod => ({
  metadata: {
    name: 'checkout-7c9d6b5f4d-q8w2z',
    namespace: 'shop',
    uid: 'u1',
    creationTimestamp: at(600),
    ...more.metadata,
  },
  spec: {
    nodeName: 'worker-2',
    containers: [
      {
        name: 'api',
        image: 'registry.local:5000/shop/checkout:3.2.0',
        command: ['serve'],
        resources: { requests: { cpu: '500m' }, limits: { memory: '64Mi' } },
        env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'checkout-db', key: 'password' } } }],
        readinessProbe: {
          httpGet: { port: 8080, path: '/ready' },
          periodSeconds: 10,
          timeoutSeconds: 1,
          failureThreshold: 3,
        },
      },
    ],
    ...more.spec,
  },
  status: { phase: 'Pending', startTime: at(590), ...more.status },
})
const container = (state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: 'api',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...(state ? { state } : {}),
  ...more,
})
const waiting = (reason: string, message?: string, more: Partial<ContainerStatus> = {}): Pod =>
  pod({ status: { containerStatuses: [container({ waiting: { reason, ...(message ? { message } : {}) } }, more)] } })
const ended = (exitCode: number, more: Partial<ContainerStateTerminated> = {}): ContainerStateTerminated => ({
  exitCode,
  reason: exitCode === 0 ? 'Completed' : 'Error',
  startedAt: at(13),
  finishedAt: at(10),
  ...more,
})
const crashed = (exitCode: number, more: Partial<ContainerStateTerminated> = {}): Pod =>
  waiting('CrashLoopBackOff', 'back-off 2m40s restarting failed container=api pod=checkout_shop(u1)', {
    restartCount: 14,
    lastState: { terminated: ended(exitCode, more) },
  })
const event = (reason: string, message: string, more: Partial<Event> = {}): Event => ({
  metadata: { name: 'e', namespace: 'shop' },
  involvedObject: { kind: 'Pod', uid: 'u1' },
  reason,
  message,
  lastTimestamp: at(5),
  ...more,
})
const near = (more: Partial<Surroundings> = {}): Surroundings => ({ now, events: [], ...more })
function explained(subject: Pod, more: Partial<Surroundings> = {}): Explanation {
  const explanation = explainPod(subject, near(more))
  if (!explanation) throw new Error('nothing to explain')
  return explanation
}
const triesOf = ({ tries }: Explanation): string[] => tries.map(({ text }) => text)
const unschedulable = (message: string, more: object = {}): Pod =>
  pod({
    spec: { nodeName: '', ...more },
    status: {
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      startTime: undefined,
    },
  })

describe('the scheduler’s reasons', () => {
  test('are told per kind of node, most nodes first', () => {
    expect(
      schedulerReasons(
        '0/6 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: db}, 3 node(s) were unschedulable. preemption: 0/6 nodes are available: 1 No preemption victims found for incoming pod, 5 Preemption is not helpful for scheduling.',
      ),
    ).toEqual({
      total: 6,
      reasons: [
        { count: 3, text: 'node(s) were unschedulable' },
        { count: 2, text: 'node(s) had untolerated taint {dedicated: db}' },
        { count: 1, text: 'Insufficient cpu' },
      ],
      preemption: '1 No preemption victims found for incoming pod, 5 Preemption is not helpful for scheduling.',
    })
  })
  test('are one reason where they have another form', () => {
    expect(schedulerReasons('running PreFilter plugin: x').reasons).toEqual([{ text: 'running PreFilter plugin: x' }])
    expect(
      schedulerReasons(
        '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
      ).reasons,
    ).toEqual([{ count: 2, text: 'Insufficient cpu' }])
    expect(schedulerReasons('0/1 nodes are available: persistentvolumeclaim "data" not found.').reasons).toEqual([
      { text: 'persistentvolumeclaim "data" not found' },
    ])
  })
})

describe('a pod without a node', () => {
  test('says how many nodes refuse it, and what it asks for', () => {
    const explanation = explained(unschedulable('0/3 nodes are available: 3 Insufficient cpu.'))
    expect(explanation.sentence).toBe('None of the 3 nodes takes this pod: Insufficient cpu.')
    expect(explanation.state).toBe('Unschedulable')
    expect(explanation.tries[0]).toMatchObject({
      text: 'Ask for less cpu',
      detail: 'The pod asks for 500m of cpu.',
      action: 'edit',
    })
  })
  test('lists the reasons where there are several, and what came of preemption', () => {
    const explanation = explained(
      unschedulable(
        '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
      ),
    )
    expect(explanation.sentence).toBe('None of the 3 nodes takes this pod.')
    expect(explanation.reasons).toEqual([
      { count: 2, text: 'node(s) were unschedulable' },
      { count: 1, text: 'Insufficient cpu' },
    ])
    expect(explanation.why).toEqual([
      'Evicting other pods does not help: Preemption is not helpful for scheduling (3).',
    ])
  })
  test('says what the largest node has', () => {
    const nodes = ['4', '8'].map((cpu) => stored({ metadata: { name: `n-${cpu}` }, status: { allocatable: { cpu } } }))
    expect(explained(unschedulable('0/2 nodes are available: 2 Insufficient cpu.'), { nodes }).tries[0]?.detail).toBe(
      'The pod asks for 500m of cpu. The largest node has 8 in all.',
    )
  })
  test('names the nodes that are cordoned', () => {
    const nodes = [stored({ metadata: { name: 'worker-1' }, spec: { unschedulable: true } })]
    expect(explained(unschedulable('0/1 nodes are available: 1 node(s) were unschedulable.'), { nodes }).tries).toEqual(
      [{ text: 'Uncordon worker-1', link: { kind: 'Node', name: 'worker-1' } }],
    )
  })
  test.each([
    ['1 node(s) had untolerated taint {a: b}', /Tolerate the taint/],
    ["1 node(s) didn't match Pod's node affinity/selector", /node selector/],
    ["1 node(s) didn't match pod anti-affinity rules", /anti-affinity/],
    ["1 node(s) didn't match pod affinity rules", /pod affinity/],
    ["1 node(s) didn't match pod topology spread constraints", /topology spread/],
    ["1 node(s) didn't have free ports for the requested pod ports", /host port/],
    ['1 Too many pods', /Add a worker/],
  ])('for %s there is something to try', (reason, expected) => {
    expect(triesOf(explained(unschedulable(`0/1 nodes are available: ${reason}.`))).join()).toMatch(expected)
  })
  test('leads to its unbound claims, and tells which do not exist', () => {
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }]
    const message = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'
    expect(explained(unschedulable(message, { volumes })).tries).toEqual([
      { text: 'Look at claim data', link: { kind: 'PersistentVolumeClaim', name: 'data', namespace: 'shop' } },
    ])
    expect(triesOf(explained(unschedulable(message, { volumes }), { claims: [] }))).toEqual(['Create the claim data'])
  })
  test('says which claim holds it back, and why, in place of nodes that are not to blame', () => {
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }]
    const message = '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found'
    const claim = stored<PersistentVolumeClaim>({
      metadata: { name: 'data', namespace: 'shop' },
      spec: { storageClassName: 'fast' },
      status: { phase: 'Pending' },
    })
    const subject = unschedulable(message, { volumes })
    const sentenceOf = (near: Partial<Surroundings>): string => explained(subject, near).sentence
    expect(sentenceOf({ claims: [claim] })).toBe('The claim data of the pod has no volume yet.')
    expect(sentenceOf({ claims: [claim], storageClasses: [] })).toBe(
      'The claim data of the pod has no volume: The storage class fast does not exist.',
    )
    expect(explained(subject).reasons).toEqual([{ text: 'pod has unbound immediate PersistentVolumeClaims' }])
    const gone = '0/2 nodes are available: persistentvolumeclaim "data" not found. not found'
    expect(explained(unschedulable(gone, { volumes })).sentence).toBe('The claim data of the pod does not exist.')
  })
  test('is held back by its gates', () => {
    const gated = pod({
      spec: { nodeName: undefined, schedulingGates: [{ name: 'example.com/quota' }] },
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    })
    expect(explained(gated)).toMatchObject({ state: 'SchedulingGated', reasons: [{ text: 'example.com/quota' }] })
  })
  test('waits for the scheduler that it asks for', () => {
    const subject = pod({ spec: { nodeName: undefined, schedulerName: 'mine' }, status: { startTime: undefined } })
    expect(triesOf(explained(subject))).toEqual(['The pod asks for the scheduler mine: see whether it runs.'])
  })
})

describe('an image', () => {
  const pull = (said: string): Explanation => explained(waiting('ErrImagePull', said))
  test.each([
    ['manifest for registry.local:5000/shop/checkout:3.2.0 not found: manifest unknown', /has no image/],
    ['pull access denied for x, repository does not exist or may require docker login: denied', /refuses to give out/],
    ['Get "https://registry.local:5000/v2/": dial tcp: lookup registry.local: no such host', /cannot be reached/],
    ['toomanyrequests: You have reached your pull rate limit', /refuses more downloads/],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', /not trusted/],
  ])('that fails with “%s” is explained, with the registry’s words', (said, sentence) => {
    const explanation = pull(said)
    expect(explanation.sentence).toMatch(sentence)
    expect(explanation.said).toBe(said)
    expect(explanation.tries.length).toBeGreaterThan(0)
  })
  test('in back-off is told by the event of its last try', () => {
    const said = 'Failed to pull image "x": manifest unknown'
    const explanation = explained(waiting('ImagePullBackOff', 'Back-off pulling image "x"'), {
      events: [event('Failed', said)],
    })
    expect(explanation).toMatchObject({ state: 'ImagePullBackOff', said })
    expect(explanation.sentence).toMatch('registry.local:5000 has no image')
  })
  test('behind a sign-in leads to the pull secret', () => {
    const subject = waiting('ErrImagePull', 'unauthorized: authentication required')
    subject.spec = { containers: [], ...subject.spec, imagePullSecrets: [{ name: 'regcred' }] }
    expect(explained(subject).tries[0]?.link).toEqual({ kind: 'Secret', name: 'regcred', namespace: 'shop' })
  })
  test('with an invalid name says how one looks', () => {
    expect(explained(waiting('InvalidImageName', 'invalid reference format'))).toMatchObject({
      sentence: '“registry.local:5000/shop/checkout:3.2.0” is not the name of an image.',
      tries: [{ detail: 'registry.example.com/team/name:tag' }],
    })
  })
  test('that must not be pulled', () => {
    expect(explained(waiting('ErrImageNeverPull')).sentence).toMatch('forbids pulling it')
  })
})

describe('a configuration', () => {
  test('that names a missing object', () => {
    expect(explained(waiting('CreateContainerConfigError', 'secret "checkout-db" not found'))).toMatchObject({
      sentence: 'Container api needs Secret checkout-db, which does not exist.',
    })
  })
  test('that names a missing key leads to its object', () => {
    const message = "couldn't find key url in ConfigMap shop/settings"
    expect(explained(waiting('CreateContainerConfigError', message))).toMatchObject({
      sentence: 'Container api needs the key url of ConfigMap settings, which has no such key.',
      tries: [{ link: { kind: 'ConfigMap', name: 'settings', namespace: 'shop' } }, {}],
    })
  })
  test('that runs as root where it may not', () => {
    const message = 'container has runAsNonRoot and image will run as root'
    expect(triesOf(explained(waiting('CreateContainerConfigError', message)))[0]).toMatch('runAsUser')
  })
})

describe('a crash', () => {
  test('tells exit code, restarts, next start, last lines, and what the container reads', () => {
    const explanation = explained(crashed(1))
    expect(explanation).toMatchObject({
      state: 'CrashLoopBackOff',
      sentence: 'Container api ends with exit code 1, 3 s after its start.',
      why: ['Restarted 14 times.', 'Starts again in 2 min.'],
      log: { container: 'api', previous: true },
    })
    expect(triesOf(explanation)).toEqual([
      'Read the log up to the end',
      'Check the values in Secret checkout-db',
      'Check command, arguments and environment',
    ])
  })
  test('by a signal names it', () => {
    expect(explained(crashed(139)).sentence).toBe(
      'Container api ends with SIGSEGV (exit code 139), 3 s after its start.',
    )
  })
  test('of a command that is missing shows the command', () => {
    expect(explained(crashed(127)).tries[0]).toMatchObject({ detail: 'serve' })
  })
  test('for lack of memory tells the limit', () => {
    const explanation = explained(crashed(137, { reason: 'OOMKilled' }))
    expect(explanation.sentence).toMatch('more memory than its limit of 64Mi')
    expect(triesOf(explanation)[0]).toMatch('Raise the memory limit')
  })
  test('by a failed probe says which', () => {
    const events = [event('Killing', 'Container api failed liveness probe, will be restarted')]
    expect(explainPod(crashed(137), near({ events }))?.sentence).toBe(
      'Container api was killed, because its liveness probe failed.',
    )
  })
  test('by a failed probe says so though the program stops in order, with the last answer; an older kill is no cause', () => {
    const kill = (secondsAgo: number): Event =>
      event('Killing', 'Container api failed liveness probe, will be restarted', { lastTimestamp: at(secondsAgo) })
    const answer = event('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500')
    const explanation = explainPod(crashed(0), near({ events: [kill(11), answer] }))
    expect(explanation?.sentence).toBe('Container api was killed, because its liveness probe failed.')
    expect(explanation?.said).toMatch('statuscode: 500')
    expect(explainPod(crashed(0), near({ events: [kill(3_600)] }))?.sentence).toMatch('completes after 3 s')
  })
  test('for lack of memory of the node says that there is no limit', () => {
    const unlimited = crashed(137, { reason: 'OOMKilled' })
    const spec = { ...unlimited.spec, containers: [{ name: 'api', image: 'a' }] }
    expect(explained({ ...unlimited, spec }).sentence).toBe(
      'The node ran out of memory, and the kernel ended container api, which has no memory limit.',
    )
  })
  test('of a container that completes', () => {
    expect(explained(crashed(0)).sentence).toMatch('completes after 3 s')
  })
  test('of an init container holds the others up', () => {
    const explanation = explained(
      pod({
        spec: { initContainers: [{ name: 'migrate', image: 'm' }] },
        status: {
          initContainerStatuses: [
            container(
              { waiting: { reason: 'CrashLoopBackOff' } },
              { name: 'migrate', lastState: { terminated: ended(2) }, restartCount: 1 },
            ),
          ],
          containerStatuses: [container({ waiting: { reason: 'PodInitializing' } })],
        },
      }),
    )
    expect(explanation.state).toBe('Init:CrashLoopBackOff')
    expect(explanation.why[0]).toMatch('the others wait')
  })
  test('of a pod that is not restarted', () => {
    const subject = pod({
      spec: { restartPolicy: 'Never' },
      status: { phase: 'Failed', containerStatuses: [container({ terminated: ended(3) })] },
    })
    expect(explained(subject)).toMatchObject({
      sentence: 'Container api ended with exit code 3 after 3 s.',
      log: { previous: false },
    })
  })
})

describe('a pod that starts', () => {
  const creating = (): Pod => waiting('ContainerCreating')
  test('says which volume cannot be mounted', () => {
    const message = 'MountVolume.SetUp failed for volume "config" : configmap "shop-config" not found'
    const explanation = explained(creating(), { events: [event('FailedMount', message, { count: 7 })] })
    expect(explanation).toMatchObject({
      sentence: 'The pod mounts ConfigMap shop-config, which does not exist.',
      said: message,
      why: ['Seen 7 times.'],
    })
  })
  test('says which volume cannot be attached', () => {
    const message = 'AttachVolume.Attach failed for volume "pvc-1" : timed out'
    expect(explained(creating(), { events: [event('FailedAttachVolume', message)] }).sentence).toBe(
      'The volume pvc-1 cannot be attached to worker-2.',
    )
  })
  test('without a network', () => {
    const events = [event('FailedCreatePodSandBox', 'no addresses')]
    expect(explained(creating(), { events }).sentence).toMatch('network of the pod')
  })
  test('while the image is pulled is in no trouble', () => {
    expect(explained(creating(), { events: [event('Pulling', 'Pulling image "x"')] }).tone).toBe('warn')
  })
  test('needs no explanation for half a minute', () => {
    const subject = pod({
      status: { startTime: at(5), containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] },
    })
    expect(explainPod(subject, near())).toBeUndefined()
  })
})

const graveReasons = [
  ...['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'SignatureValidationFailed', 'ErrImageNeverPull'],
  ...['ImageInspectError', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError'],
  ...['RunContainerError', 'CrashLoopBackOff'],
]
test.each<[string, Tone, Pod, Event[]]>([
  ['no node takes it', 'warn', unschedulable('0/3 nodes are available: 3 Insufficient cpu.'), []],
  ['the scheduler has not looked', 'warn', pod({ spec: { nodeName: '' } }), []],
  ['a volume fails', 'warn', waiting('ContainerCreating'), [event('FailedMount', 'volume "a"')]],
  ['its network fails', 'warn', waiting('ContainerCreating'), [event('FailedCreatePodSandBox', 'no addresses')]],
  ['its image is pulled', 'warn', waiting('ContainerCreating'), [event('Pulling', 'Pulling image "x"')]],
  ...graveReasons.map((reason): [string, Tone, Pod, Event[]] => [reason, 'bad', waiting(reason), []]),
])('a pending pod is as grave on its page as in lists: %s', (_name, tone, subject, events) => {
  expect([explained(subject, { events }).tone, podTone(subject)]).toEqual([tone, tone])
})

describe('a pod that is not ready', () => {
  const running = (more: object = {}): Pod =>
    pod({
      status: {
        phase: 'Running',
        conditions: [
          { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
          { type: 'ContainersReady', status: 'False' },
        ],
        containerStatuses: [container({ running: { startedAt: at(60) } }, { started: true })],
        ...more,
      },
    })
  test('tells its probe’s last answer', () => {
    const said = 'Readiness probe failed: HTTP probe failed with statuscode: 503'
    const explanation = explained(running(), { events: [event('Unhealthy', said, { count: 41 })] })
    expect(explanation).toMatchObject({ tone: 'warn', said })
    expect(explanation.sentence).toMatch('its readiness probe fails: it gets no traffic')
    expect(explanation.why).toEqual([
      'It answers with 503.',
      'GET :8080/ready, every 10 s, timeout 1 s, 3 failures count.',
      'Failed 41 times, last 5 s ago.',
    ])
  })
  test('because nothing listens', () => {
    const events = [event('Unhealthy', 'Readiness probe failed: dial tcp 10.1.1.1:8080: connect: connection refused')]
    expect(triesOf(explained(running(), { events }))[0]).toMatch('listens on all addresses')
  })
  test('because of a gate', () => {
    const subject = running({
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'ContainersReady', status: 'True' },
      ],
      containerStatuses: [],
    })
    subject.spec = { containers: [], ...subject.spec, readinessGates: [{ conditionType: 'example.com/lb' }] }
    expect(explained(subject).reasons).toEqual([{ text: 'example.com/lb' }])
  })
  test('on a node that is lost', () => {
    const subject = running({
      conditions: [
        {
          type: 'Ready',
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
        },
      ],
    })
    expect(explained(subject)).toMatchObject({ tone: 'bad', tries: [{ link: { kind: 'Node', name: 'worker-2' } }] })
  })
})

describe('a pod that has ended or ends', () => {
  test.each([
    ['Evicted', 'The pod was evicted from worker-2.'],
    ['DeadlineExceeded', 'The pod ran for longer than it may.'],
    ['OutOfcpu', 'worker-2 refused the pod.'],
    ['Preempting', /higher priority/],
  ])('by %s', (reason, sentence) => {
    const explanation = explained(
      pod({ status: { phase: 'Failed', reason, message: 'The node was low on resource: memory.' } }),
    )
    expect(explanation.sentence).toMatch(sentence)
    expect(explanation.said).toBe('The node was low on resource: memory.')
    expect(explanation.why).toEqual(['Nothing starts it again: no controller owns it.'])
  })
  test('is kept by its finalizers', () => {
    const leaving = pod({ metadata: { deletionTimestamp: at(60), finalizers: ['example.com/clean'] } })
    expect(explained(leaving)).toMatchObject({
      tone: 'bad',
      state: 'Terminating',
      reasons: [{ text: 'example.com/clean' }],
    })
  })
  test('within its grace period is in no trouble', () => {
    expect(explained(pod({ metadata: { deletionTimestamp: at(-20) } }))).toMatchObject({ tone: 'quiet', tries: [] })
  })
  test('on a lost node can be deleted by force', () => {
    const leaving = pod({
      metadata: { deletionTimestamp: at(60) },
      status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
    })
    expect(triesOf(explained(leaving)).join()).toMatch('by force')
  })
})

test('a pod that works is not explained, one that crashed a short while ago is', () => {
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
  const fine = pod({ status: { ...ready, containerStatuses: [container({ running: {} }, { ready: true })] } })
  expect(explainPod(fine, near())).toBeUndefined()
  expect(explainPod(pod({ status: { phase: 'Succeeded' } }), near())).toBeUndefined()
  const restarted = pod({
    status: {
      ...ready,
      containerStatuses: [
        container({ running: {} }, { ready: true, restartCount: 1, lastState: { terminated: ended(1) } }),
      ],
    },
  })
  expect(explained(restarted)).toMatchObject({
    tone: 'warn',
    sentence: 'Container api runs again; 10 s ago it ended with exit code 1.',
  })
  const events = [
    event('Killing', 'Container api failed liveness probe, will be restarted', { lastTimestamp: at(11) }),
    event('Unhealthy', 'Liveness probe failed: connection refused'),
  ]
  expect(explainPod(restarted, near({ events }))).toMatchObject({
    sentence: 'Container api runs again; 10 s ago it was killed, because its liveness probe failed.',
    said: 'Liveness probe failed: connection refused',
  })
  const killed = pod({
    status: {
      ...ready,
      containerStatuses: [
        container(
          { running: {} },
          { ready: true, restartCount: 1, lastState: { terminated: ended(137, { reason: 'OOMKilled' }) } },
        ),
      ],
    },
  })
  expect(explained(killed)).toMatchObject({
    sentence:
      'Container api runs again; 10 s ago it needed more memory than its limit of 64Mi, and the kernel ended it.',
    tries: [{ action: 'edit' }, { action: 'logs' }],
  })
})
