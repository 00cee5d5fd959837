import { describe, expect, test } from 'vitest'
import type { Event, Pod, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { explain, type Explanation, type Surroundings } from './index.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1_000).toISOString()
const metadata = { name: 'web', namespace: 'shop', uid: 'u1' }
const object = (more: object, meta: object = {}): KubeObject => ({ metadata: { ...metadata, ...meta }, ...more })
const near = (more: Partial<Surroundings> = {}): Surroundings => ({ now, events: [], ...more })
const found = (kind: string, subject: KubeObject, more: Partial<Surroundings> = {}): Explanation | undefined =>
  explain(kind, stored(subject), near(more))
const event = (reason: string, message: string): Event => ({
  metadata: { name: 'e', namespace: 'shop' },
  involvedObject: { uid: 'u1' },
  reason,
  message,
  lastTimestamp: at(5),
})
const pod = (
  name: string,
  more: { labels?: Record<string, string>; ready?: boolean; spec?: object; status?: object; owner?: string } = {},
) =>
  stored<Pod>({
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      labels: more.labels ?? { app: 'web' },
      ...(more.owner
        ? { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: more.owner, controller: true }] }
        : {}),
    },
    spec: {
      nodeName: 'worker-1',
      containers: [{ name: 'web', ports: [{ name: 'http', containerPort: 8080 }] }],
      ...more.spec,
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: (more.ready ?? true) ? 'True' : 'False' }],
      ...more.status,
    },
  })
const crashing = pod('web-1', {
  ready: false,
  owner: 'u1',
  status: {
    phase: 'Running',
    containerStatuses: [
      {
        name: 'web',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 1, startedAt: at(13), finishedAt: at(10) } },
      },
    ],
  },
})
const selector = { matchLabels: { app: 'web' } }

describe('workloads', () => {
  const deployment = (status: object, spec: object = {}) => object({ spec: { replicas: 3, selector, ...spec }, status })
  test('with all their pods need no explanation', () => {
    expect(found('apps/Deployment', deployment({ readyReplicas: 3, updatedReplicas: 3 }))).toBeUndefined()
  })
  test('are refused by a quota: who asks for what, used and limited', () => {
    const message =
      'pods "web-6b7f8c9d5-" is forbidden: exceeded quota: small, requested: limits.memory=512Mi, used: limits.memory=768Mi, limited: limits.memory=1Gi'
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]
    expect(found('apps/Deployment', deployment({ conditions }))).toMatchObject({
      sentence: 'The quota small leaves too little limits.memory: 512Mi is asked for, and 768Mi of 1Gi is used.',
      said: message,
      tries: [{ link: { kind: 'ResourceQuota', name: 'small' } }, { action: 'edit' }],
    })
    const several = message.replaceAll('limits.memory', 'limits.cpu=1,limits.memory')
    const events = [event('FailedCreate', several)]
    expect(found('apps/ReplicaSet', deployment({ replicas: 0, readyReplicas: 0 }), { events })?.sentence).toBe(
      'The quota small allows no more: limits.cpu=1,limits.memory=512Mi is asked for, limits.cpu=1,limits.memory=768Mi is used, the limit is limits.cpu=1,limits.memory=1Gi.',
    )
  })
  test.each([
    ['violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false', /Pod Security “restricted:latest”/],
    ['failed quota: small: must specify limits.cpu for: web', /say its limits.cpu/],
    ['error looking up service account shop/web: not found', /service account web does not exist/],
    ['admission webhook "deny.example.com" denied the request: no', /webhook deny.example.com/],
    ['failed calling webhook "deny.example.com": connection refused', /webhook deny.example.com/],
    ["ValidatingAdmissionPolicy 'no-latest' with binding 'b' denied request", /policy no-latest/],
    ['maximum memory usage per Container is 1Gi, but limit is 2Gi', /limit range/],
    ['something else', /refuses to create/],
  ])('are refused: %s', (message, sentence) => {
    const events = [event('FailedCreate', `Error creating: pods "web-" is forbidden: ${message}`)]
    const explanation = found('apps/ReplicaSet', deployment({ replicas: 0, readyReplicas: 0 }), { events })
    expect(explanation?.sentence).toMatch(sentence)
    expect(explanation?.said).toContain(message)
  })
  test('whose rollout is stuck say what its pods say, and offer to undo', () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'm' }]
    const explanation = found('apps/Deployment', deployment({ conditions, updatedReplicas: 1 }), { pods: [crashing] })
    expect(explanation?.sentence).toBe(
      'The rollout of web has not got on for 600 s: 1 of 3 pods are of the new revision.',
    )
    expect(explanation?.why[0]).toMatch('ends with exit code 1')
    expect(explanation?.tries.map(({ action, link }) => action ?? link?.name)).toEqual(['web-1', 'edit', 'roll-back'])
  })
  test('that are paused can be resumed', () => {
    expect(found('apps/Deployment', deployment({ updatedReplicas: 0 }, { paused: true }))?.tries[0]?.action).toBe(
      'resume',
    )
  })
  test.each(['apps/StatefulSet', 'apps/ReplicaSet', 'apps/Deployment'])('%s tells its pod in trouble', (kind) => {
    const explanation = found(kind, deployment({ readyReplicas: 2, replicas: 3 }), { pods: [crashing] })
    expect(explanation).toMatchObject({ tone: 'warn', state: 'CrashLoopBackOff' })
    expect(explanation?.sentence).toMatch('2 of 3 pods are ready. Container web ends with')
    expect(explanation?.tries[0]?.link).toEqual({ kind: 'Pod', name: 'web-1', namespace: 'shop' })
  })
  test('a DaemonSet counts nodes', () => {
    const status = { desiredNumberScheduled: 3, numberReady: 3, currentNumberScheduled: 3 }
    expect(found('apps/DaemonSet', deployment(status))).toBeUndefined()
    expect(found('apps/DaemonSet', deployment({ ...status, numberReady: 2 }), { pods: [crashing] })?.sentence).toMatch(
      '2 of 3',
    )
  })
})

describe('Jobs and CronJobs', () => {
  const failed = pod('web-f', {
    owner: 'u1',
    status: {
      phase: 'Failed',
      containerStatuses: [
        { name: 'web', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 3 } } },
      ],
    },
  })
  test.each([
    ['BackoffLimitExceeded', 'The Job web failed: its pods failed 3 times, and no more retries are allowed.'],
    ['DeadlineExceeded', 'The Job web failed: it was not done within 60 s.'],
    ['PodFailurePolicy', /pod failure policy/],
    ['FailedIndexes', /some of its indexes/],
  ])('failed by %s', (reason, sentence) => {
    const job = object({
      spec: { backoffLimit: 2, activeDeadlineSeconds: 60 },
      status: { conditions: [{ type: 'Failed', status: 'True', reason, message: 'm' }] },
    })
    const explanation = found('batch/Job', job, { pods: [failed] })
    expect(explanation?.sentence).toMatch(sentence)
    expect(explanation?.why).toEqual(['Last: web-f, container web, exit code 3.'])
  })
  test('that retry say how often', () => {
    expect(
      found('batch/Job', object({ spec: {}, status: { failed: 2, active: 1 } }), { pods: [failed] })?.sentence,
    ).toBe('2 pods have failed; up to 6 retries are allowed.')
  })
  test('complete ones need no explanation, suspended ones a quiet one', () => {
    expect(
      found('batch/Job', object({ status: { conditions: [{ type: 'Complete', status: 'True' }] } })),
    ).toBeUndefined()
    expect(found('batch/Job', object({ spec: { suspend: true } }))).toMatchObject({
      tone: 'quiet',
      tries: [{ action: 'resume' }],
    })
    expect(found('batch/CronJob', object({ spec: { suspend: true } }))).toMatchObject({ tone: 'quiet' })
  })
  test('a schedule that cannot be read', () => {
    const events = [event('UnparseableSchedule', 'unparseable schedule: x')]
    expect(found('batch/CronJob', object({ spec: { schedule: 'x' } }), { events })?.sentence).toMatch(
      '“x” cannot be read',
    )
  })
})

describe('Services and Ingresses', () => {
  const service = (more: object = {}): Service =>
    object({ spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }], ...more } })
  test('that answer need no explanation', () => {
    expect(found('Service', service(), { pods: [pod('a')] })).toBeUndefined()
    expect(found('Service', service({ type: 'ExternalName' }), { pods: [] })).toBeUndefined()
    expect(found('Service', service())).toBeUndefined()
  })
  test('whose selector matches nothing show the pods that nearly do', () => {
    const subject = service({ selector: { app: 'web', tier: 'front' } })
    const explanation = found('Service', subject, {
      pods: [pod('a', { labels: { app: 'web', tier: 'frontend' } }), pod('b', { labels: {} })],
    })
    expect(explanation?.sentence).toBe('No pod has the labels app=web,tier=front, so nothing answers.')
    expect(explanation?.why).toEqual(['a matches but for tier=frontend.'])
  })
  test('whose pods are not ready lead to them', () => {
    expect(found('Service', service(), { pods: [pod('a', { ready: false })] })).toMatchObject({
      state: 'NoReadyEndpoints',
      tries: [{ link: { kind: 'Pod', name: 'a' } }],
    })
    const crashing = pod('b', { ready: false })
    crashing.status = {
      ...crashing.status,
      containerStatuses: [
        {
          ...{ name: 'web', image: '', imageID: '', ready: false, restartCount: 3 },
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1, startedAt: at(13), finishedAt: at(10) } },
        },
      ],
    }
    expect(found('Service', service(), { pods: [crashing] })?.why).toEqual([
      'b: Container web ends with exit code 1, 3 s after its start.',
    ])
  })
  test('whose port nobody has', () => {
    expect(found('Service', service({ ports: [{ port: 80, targetPort: 'web' }] }), { pods: [pod('a')] })).toMatchObject(
      {
        tone: 'bad',
        sentence: 'Port 80 leads to the port named web, and no pod has one of that name.',
        why: ['The pods declare: http 8080.'],
      },
    )
    expect(found('Service', service({ ports: [{ port: 80, targetPort: 9090 }] }), { pods: [pod('a')] })).toMatchObject({
      tone: 'warn',
    })
    expect(
      found('Service', service({ ports: [{ port: 80, targetPort: 9090 }] }), {
        pods: [pod('a', { spec: { containers: [{ name: 'w' }] } })],
      }),
    ).toBeUndefined()
  })
  const ingress = (more: object = {}) =>
    object({
      spec: {
        rules: [
          {
            host: 'shop.localhost',
            http: { paths: [{ path: '/', backend: { service: { name: 'web', port: { number: 80 } } } }] },
          },
        ],
        ...more,
      },
    })
  const ingressClasses = [stored({ metadata: { name: 'slipway' } })]
  test.each<[KubeObject, Partial<Surroundings>, RegExp]>([
    [ingress(), { ingressClasses }, /names no class/],
    [ingress({ ingressClassName: 'nginx' }), { ingressClasses }, /class nginx does not exist/],
    [
      ingress({ ingressClassName: 'slipway' }),
      { ingressClasses, services: [] },
      /shop.localhost\/ leads to Service web, which does not exist/,
    ],
    [
      ingress({ ingressClassName: 'slipway' }),
      { ingressClasses, services: [stored(service({ ports: [{ port: 8080 }] }))] },
      /port 80 of Service web, which has no such port/,
    ],
    [
      ingress({ ingressClassName: 'slipway' }),
      { ingressClasses, services: [stored(service())], pods: [] },
      /No pod has the labels app=web/,
    ],
  ])('%# that lead nowhere', (subject, more, sentence) => {
    expect(found('networking.k8s.io/Ingress', subject, more)?.sentence).toMatch(sentence)
  })
  test('say plainly where there is nothing to choose from', () => {
    const classes = [ingress(), ingress({ ingressClassName: 'nginx' })].map(
      (subject) => found('networking.k8s.io/Ingress', subject, { ingressClasses: [] })?.why,
    )
    expect(classes).toEqual([['The cluster has no ingress class.'], ['The cluster has no ingress class.']])
    const named = service({ ports: [{ port: 80, targetPort: 'http' }] })
    const silent = pod('a', { spec: { containers: [{ name: 'w' }] } })
    expect(found('Service', named, { pods: [silent] })?.why).toEqual(['The pods declare no port.'])
    const claim = object({ spec: {}, status: { phase: 'Pending' } })
    expect(found('PersistentVolumeClaim', claim, { storageClasses: [], pods: [] })?.tries).toEqual([
      { text: 'Create a storage class: the cluster has none' },
    ])
  })
  test('that lead somewhere need no explanation', () => {
    const more = { ingressClasses, services: [stored(service())], pods: [pod('a')] }
    expect(found('networking.k8s.io/Ingress', ingress({ ingressClassName: 'slipway' }), more)).toBeUndefined()
  })
})

describe('claims and volumes', () => {
  const storageClasses = [
    stored({ metadata: { name: 'standard' }, provisioner: 'p', volumeBindingMode: 'WaitForFirstConsumer' }),
  ]
  const claim = (spec: object, status: object = { phase: 'Pending' }) => object({ spec, status })
  test('that wait for their first pod are in no trouble', () => {
    expect(
      found('PersistentVolumeClaim', claim({ storageClassName: 'standard' }), { storageClasses, pods: [] }),
    ).toMatchObject({
      tone: 'quiet',
      state: 'WaitForFirstConsumer',
    })
  })
  test.each([
    [claim({}), /names no storage class/],
    [claim({ storageClassName: 'fast' }), /storage class fast does not exist/],
    [claim({ volumeName: 'v' }, { phase: 'Lost' }), /volume v of this claim no longer exists/],
    [claim({ storageClassName: '' }), /without class/],
  ])('%# without a volume', (subject, sentence) => {
    expect(found('PersistentVolumeClaim', subject, { storageClasses, pods: [] })?.sentence).toMatch(sentence)
  })
  test('whose volume cannot be made tell why', () => {
    const events = [event('ProvisioningFailed', 'no space left')]
    expect(
      found('PersistentVolumeClaim', claim({ storageClassName: 'standard' }), { storageClasses, events }),
    ).toMatchObject({ tone: 'bad', said: 'no space left' })
  })
  test('that are bound need no explanation; a released volume does', () => {
    expect(found('PersistentVolumeClaim', claim({}, { phase: 'Bound' }))).toBeUndefined()
    expect(
      found('PersistentVolume', claim({ claimRef: { namespace: 'shop', name: 'data' } }, { phase: 'Released' }))
        ?.sentence,
    ).toMatch('shop/data is gone')
  })
})

describe('nodes', () => {
  const node = (conditions: object[], spec: object = {}) => object({ spec, status: { conditions } })
  test.each([
    [node([{ type: 'Ready', status: 'Unknown', lastTransitionTime: at(90) }]), 'web has not answered for 90 s.'],
    [
      node([{ type: 'Ready', status: 'False', message: 'no network', lastTransitionTime: at(90) }]),
      /not ready, for 90 s/,
    ],
    [
      node([
        { type: 'Ready', status: 'True' },
        { type: 'DiskPressure', status: 'True' },
      ]),
      /short of disk space/,
    ],
    [
      node([
        { type: 'Ready', status: 'True' },
        { type: 'MemoryPressure', status: 'True' },
      ]),
      /short of memory/,
    ],
    [node([{ type: 'Ready', status: 'True' }], { unschedulable: true }), /is cordoned/],
  ])('%# in trouble', (subject, sentence) => expect(found('Node', subject)?.sentence).toMatch(sentence))
  test('that are ready need no explanation', () => {
    expect(
      found(
        'Node',
        node([
          { type: 'Ready', status: 'True' },
          { type: 'DiskPressure', status: 'False' },
        ]),
      ),
    ).toBeUndefined()
  })
})

describe('other kinds', () => {
  const scaler = (conditions: object[]) =>
    object({ spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 5 }, status: { conditions } })
  test.each([
    [
      [
        {
          type: 'ScalingActive',
          status: 'False',
          reason: 'FailedGetResourceMetric',
          message: 'missing request for cpu in container web',
        },
      ],
      /no request for cpu/,
    ],
    [
      [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'no metrics returned' }],
      /gets no metrics/,
    ],
    [
      [{ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: 'not found' }],
      /cannot reach Deployment web/,
    ],
    [[{ type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas' }], /the most allowed, 5/],
  ])('an autoscaler, %#', (conditions, sentence) => {
    expect(found('autoscaling/HorizontalPodAutoscaler', scaler(conditions))?.sentence).toMatch(sentence)
  })
  test('a namespace that cannot be emptied', () => {
    const status = {
      conditions: [
        {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          message: 'Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
        },
      ],
    }
    const explanation = found(
      'Namespace',
      object({ spec: { finalizers: ['kubernetes'] }, status }, { deletionTimestamp: at(300) }),
    )
    expect(explanation).toMatchObject({
      tone: 'bad',
      sentence: 'web is being deleted for 5 min: finalizers keep what is in it.',
    })
    expect(explanation?.said).toMatch('example.com/x')
  })
  test('a budget that lets nobody go', () => {
    const status = { expectedPods: 2, disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 }
    expect(found('policy/PodDisruptionBudget', object({ spec: { minAvailable: 2 }, status }))?.sentence).toMatch(
      'none may be evicted',
    )
  })
  test('a quota of which nothing is left', () => {
    const quota = (used: string) => object({ status: { hard: { pods: '8', secrets: '0' }, used: { pods: used } } })
    expect(found('ResourceQuota', quota('7'))).toBeUndefined()
    expect(found('ResourceQuota', quota('8'))).toMatchObject({
      state: 'Used up',
      sentence: 'pods is used up: 8 of 8. What asks for more is refused.',
    })
  })
  test('a custom resource by its condition, and by finalizers that hold it', () => {
    const status = { conditions: [{ type: 'Ready', status: 'False', reason: 'NoBackend', message: 'no backend' }] }
    expect(found('example.com/Widget', object({ status }))).toMatchObject({
      state: 'NoBackend',
      sentence: 'web is not Ready.',
      said: 'no backend',
    })
    expect(found('example.com/Widget', object({}, { deletionTimestamp: at(60), finalizers: ['x'] }))?.state).toBe(
      'Terminating',
    )
    expect(found('example.com/Widget', object({ status: { conditions: 'odd' } }))).toBeUndefined()
  })
})
