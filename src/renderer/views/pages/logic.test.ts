import { describe, expect, test } from 'vitest'
import type { ControllerRevision, Event, Pod, ReplicaSet } from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import { fieldsOf } from './fields.ts'
import { containerViews, environmentOf, mountsOf } from './pod/containers.ts'
import { stretchesOf } from './pod/history.ts'
import { timelineOf } from './timeline.ts'
import { lineDiff } from '../../components/line-diff.ts'
import { controllerRevisionsOf, revisionsOf } from '../../kinds/apps/revisions.ts'
import { templateText } from '../../kinds/apps/template-text.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1_000).toISOString()

describe('the timeline', () => {
  test('a condition whose good state is False is well when it is False', () => {
    const tone = (type: string, status: string): string | undefined =>
      timelineOf(stored({ metadata: { name: 'a', namespace: 'b' }, status: { conditions: [{ type, status }] } }), [])[0]
        ?.tone
    expect([tone('ScalingLimited', 'False'), tone('ScalingLimited', 'True'), tone('ScalingActive', 'False')]).toEqual([
      ...['good', 'warn', 'warn'],
    ])
  })
  const event = (message: string, secondsAgo: number, more: Partial<Event> = {}): Event => ({
    metadata: { name: 'e', namespace: 'shop' },
    involvedObject: { kind: 'Pod', name: 'web', namespace: 'shop' },
    reason: 'BackOff',
    message,
    type: 'Warning',
    lastTimestamp: at(secondsAgo),
    ...more,
  })
  const pod = stored<Pod>({
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', uid: 'u', creationTimestamp: at(600) },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          lastTransitionTime: at(50),
          message: 'containers with unready status: [api]',
        },
      ],
      containerStatuses: [
        {
          name: 'api',
          image: '',
          imageID: '',
          ready: false,
          restartCount: 1,
          state: { running: { startedAt: at(20) } },
          lastState: { terminated: { exitCode: 1, finishedAt: at(30) } },
        },
      ],
    },
  })
  test('what happened in one second stands in its order, and a condition does not say again what an event says', () => {
    const told = stored<Pod>({
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'shop', uid: 'u', creationTimestamp: at(10) },
      status: {
        conditions: [
          { type: 'PodScheduled', status: 'True', lastTransitionTime: at(10) },
          { type: 'Ready', status: 'True', lastTransitionTime: at(10) },
          { type: 'Initialized', status: 'True', lastTransitionTime: at(10) },
          { type: 'Other', status: 'False', lastTransitionTime: at(10), message: 'no room' },
        ],
      },
    })
    const involvedObject = { kind: 'Pod', name: 'web', namespace: 'shop', uid: 'u' }
    const events = [
      event('assigned', 10, { reason: 'Scheduled', type: 'Normal', involvedObject }),
      event('no room', 11, { reason: 'FailedScheduling', involvedObject }),
    ]
    expect(timelineOf(told, events).map(({ title }) => title)).toEqual([
      ...['Ready became True', 'Initialized became True', 'Scheduled', 'Created', 'FailedScheduling'],
    ])
  })
  test('has events, conditions and container states, newest first; equal events are one with their count', () => {
    const happenings = timelineOf(pod, [
      event('back-off', 10, { count: 40 }),
      event('back-off', 100),
      event('other', 15),
    ])
    expect(happenings.map(({ title, detail, count }) => [title, detail, count])).toEqual([
      ['BackOff', 'back-off', 41],
      ['BackOff', 'other', 1],
      ['api started', '', 1],
      ['api ended with exit code 1', '', 1],
      ['Ready became False', 'containers with unready status: [api]', 1],
      ['Created', '', 1],
    ])
  })
  test('failures that differ in made-up names and numbers alone are one, with what they say in other words', () => {
    const refused = (suffix: string, used: number): string =>
      `Error creating: pods "web-${suffix}" is forbidden: exceeded quota: small, used: pods=${used}, limited: pods=5`
    const failed = { reason: 'FailedCreate', involvedObject: { kind: 'ReplicaSet', name: 'web', namespace: 'shop' } }
    const happenings = timelineOf(stored({ kind: 'ReplicaSet', metadata: { name: 'web', namespace: 'shop' } }), [
      event(`(combined from similar events): ${refused('x7k2p', 5)}`, 10, { ...failed, count: 3 }),
      event(refused('bcdfg', 4), 40, failed),
      event(refused('9q8w7', 5), 20, { ...failed, count: 2 }),
      event('Error creating: Internal error', 30, failed),
    ])
    expect(happenings.map(({ detail, count, similar }) => [detail, count, similar])).toEqual([
      [`(combined from similar events): ${refused('x7k2p', 5)}`, 6, [refused('9q8w7', 5), refused('bcdfg', 4)]],
      ['Error creating: Internal error', 1, undefined],
    ])
  })
  test('pods that one object created are one entry; steps of a rollout are not', () => {
    const told = (reason: string, message: string, secondsAgo: number): Event =>
      event(message, secondsAgo, { reason, type: 'Normal' })
    const happenings = timelineOf(stored({ kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } }), [
      told('SuccessfulCreate', 'Created pod: web-x7k2p', 3),
      told('SuccessfulCreate', 'Created pod: web-bcdfg', 4),
      told('ScalingReplicaSet', 'Scaled up replica set web-6d4cf56db6 from 1 to 2', 1),
      told('ScalingReplicaSet', 'Scaled up replica set web-6d4cf56db6 from 0 to 1', 2),
    ])
    expect(happenings.map(({ detail, count }) => [detail, count])).toEqual([
      ['Scaled up replica set web-6d4cf56db6 from 1 to 2', 1],
      ['Scaled up replica set web-6d4cf56db6 from 0 to 1', 1],
      ['Created pod: web-x7k2p', 2],
    ])
  })
  test('says of which other object an event is', () => {
    const other = event('created', 5, { involvedObject: { kind: 'ReplicaSet', name: 'web-1', namespace: 'shop' } })
    expect(timelineOf(pod, [other])[0]?.about).toEqual({ kind: 'ReplicaSet', name: 'web-1', namespace: 'shop' })
  })
  test('knows conditions of which False is the good state', () => {
    const node = stored({
      metadata: { name: 'n' },
      status: { conditions: [{ type: 'DiskPressure', status: 'False', lastTransitionTime: at(5) }] },
    })
    expect(timelineOf(node, [])[0]).toMatchObject({ tone: 'good', isWarning: false })
  })
})

test('fields of any object are a tree, with items named after their name', () => {
  expect(
    fieldsOf({ a: 1, b: { c: true }, list: [{ name: 'x', port: 80 }], empty: {}, words: ['p', 'q'], none: null }),
  ).toEqual([
    { name: 'a', value: '1' },
    { name: 'b', fields: [{ name: 'c', value: 'true' }] },
    {
      name: 'list',
      fields: [
        {
          name: 'x',
          fields: [
            { name: 'name', value: 'x' },
            { name: 'port', value: '80' },
          ],
        },
      ],
    },
    { name: 'empty', value: '{}' },
    { name: 'words', value: 'p, q' },
    { name: 'none', value: 'null' },
  ])
  let deep: unknown = 'end'
  for (let level = 0; level < 1_000; level++) deep = { deep }
  expect(JSON.stringify(fieldsOf(deep))).toContain('…')
})

describe('containers of a pod', () => {
  const pod = stored<Pod>({
    metadata: { name: 'web', namespace: 'shop', creationTimestamp: at(600) },
    spec: {
      initContainers: [{ name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }],
      containers: [
        {
          name: 'api',
          image: 'a',
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
            { name: 'C', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          envFrom: [{ prefix: 'X_', configMapRef: { name: 'c' } }],
          volumeMounts: [
            { name: 'v', mountPath: '/etc/v', readOnly: true },
            { name: 'tmp', mountPath: '/tmp' },
          ],
        },
      ],
      volumes: [
        { name: 'v', configMap: { name: 'c' } },
        { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      ],
    },
    status: {
      startTime: at(500),
      containerStatuses: [
        {
          name: 'api',
          image: 'a',
          imageID: 'sha256:9f31c0aa',
          ready: false,
          restartCount: 2,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: at(103), finishedAt: at(100) } },
        },
      ],
    },
  })
  const api = pod.spec?.containers[0] ?? { name: '' }
  test('have their role, state, ports and runs', () => {
    const views = containerViews(pod)
    expect(views.map(({ name, role }) => [name, role])).toEqual([
      ['migrate', 'init'],
      ['proxy', 'sidecar'],
      ['api', ''],
    ])
    expect(views[2]).toMatchObject({
      state: 'CrashLoopBackOff',
      tone: 'bad',
      ports: ['http 8080/TCP'],
      runs: [{ number: 2, end: 'exit code 1 · Error', previous: true }],
    })
  })
  test('have a history: what came before the runs that are kept is not known', () => {
    expect(stretchesOf(pod, containerViews(pod)[2]?.runs ?? [], now)).toEqual([
      { is: 'unknown', ms: 397_000 },
      { is: 'failed', ms: 3_000 },
      { is: 'waiting', ms: 100_000 },
    ])
  })
  test('have an environment with the sources of values, and mounts with theirs', () => {
    expect(environmentOf(api, 'shop')).toEqual([
      { name: 'X_*', link: { kind: 'ConfigMap', name: 'c', namespace: 'shop' }, from: 'all keys' },
      { name: 'A', value: '1' },
      { name: 'B', link: { kind: 'Secret', name: 's', namespace: 'shop' }, key: 'k' },
      { name: 'C', from: 'status.podIP' },
    ])
    expect(mountsOf(api, pod)).toMatchObject([
      { path: '/etc/v', readOnly: true, links: [{ kind: 'ConfigMap', name: 'c' }] },
      { path: '/tmp', readOnly: false, links: [], text: 'emptyDir Memory 64Mi' },
    ])
  })
})

describe('revisions', () => {
  const set = (number: number, image: string, more: object = {}): ReplicaSet => ({
    metadata: {
      name: `web-${number}`,
      namespace: 'shop',
      creationTimestamp: at(100 - number),
      annotations: { 'deployment.kubernetes.io/revision': String(number), ...more },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd', controller: true }],
    },
    spec: {
      selector: {},
      template: {
        metadata: { labels: { app: 'web', 'pod-template-hash': String(number) } },
        spec: { containers: [{ name: 'web', image }] },
      },
    },
  })
  test('are those of the Deployment, newest first, with date and change cause', () => {
    const sets = [set(1, 'a:1'), set(3, 'a:3', { 'kubernetes.io/change-cause': 'fix' }), set(2, 'a:2')].map((each) =>
      stored(each),
    )
    expect(
      revisionsOf('d', sets).map(({ number, images, changeCause, createdAt }) => [
        number,
        images,
        changeCause,
        createdAt,
      ]),
    ).toEqual([
      [3, 'a:3', 'fix', at(97)],
      [2, 'a:2', '', at(98)],
      [1, 'a:1', '', at(99)],
    ])
    expect(revisionsOf('other', sets)).toEqual([])
  })
  test('of a StatefulSet are its ControllerRevisions, whose patch is the template', () => {
    const { metadata, spec } = set(2, 'a:2')
    const kept = stored<ControllerRevision>({
      metadata,
      revision: 2,
      data: { spec: { template: { ...spec?.template, $patch: 'replace' } } },
    })
    const [found] = controllerRevisionsOf('d', [kept])
    expect(found).toMatchObject({ number: 2, images: 'a:2' })
    expect(templateText(found?.template)).toBe(templateText(spec?.template))
  })
  test('differ by what their templates say, not by their hash', () => {
    const [a, b] = [templateText(set(1, 'a:1').spec?.template), templateText(set(2, 'a:2').spec?.template)]
    expect(lineDiff(a, b).filter(({ is }) => is !== 'same' && is !== 'folded')).toEqual([
      { is: 'removed', text: '      image: a:1', before: 7, marks: [[15, 16]] },
      { is: 'added', text: '      image: a:2', after: 7, marks: [[15, 16]] },
    ])
    expect(lineDiff(a, a)).toEqual([])
  })
})

test.each([
  ['a\nb\nc', 'a\nb\nc\nd', ['=a', '=b', '=c', '+d']],
  ['a\nb\nc', 'b\nc', ['-a', '=b', '=c']],
  ['a', 'b', ['-a', '+b']],
  ['', 'a\nb', ['+a', '+b']],
  ['a', '', ['-a']],
  ['1\n2\n3\n4\n5\n6\n7\n8\nx', '1\n2\n3\n4\n5\n6\n7\n8\ny', ['~6', '=7', '=8', '-x', '+y']],
])('the difference of %j and %j', (before, after, expected) => {
  const signs = { same: '=', added: '+', removed: '-', folded: '~' }
  expect(lineDiff(before, after).map(({ is, text, count }) => `${signs[is]}${count ?? text}`)).toEqual(expected)
})
