import { describe, expect, test } from 'vitest'
import type {
  Deployment,
  EndpointSlice,
  Event,
  Ingress,
  Job,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ResourceQuota,
  Service,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import type { Snapshot } from '../snapshot.ts'
import { attentionOf, attentionRules, unreadLists } from './index.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1_000).toISOString()
const meta = (name: string, more: object = {}) => ({
  name,
  namespace: 'shop',
  uid: name,
  creationTimestamp: at(600),
  ...more,
})
const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }],
})
const pod = (name: string, { owner, spec, status }: { owner?: object; spec?: object; status?: object } = {}) =>
  stored<Pod>({
    metadata: meta(name, { labels: { app: 'web' }, ...owner }),
    spec: { nodeName: 'worker-1', containers: [{ name: 'c' }], ...spec },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], ...status },
  })
const crashing = {
  conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(120) }],
  containerStatuses: [
    {
      name: 'c',
      image: '',
      imageID: '',
      ready: false,
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, startedAt: at(130), finishedAt: at(120) } },
    },
  ],
}
const set = stored<ReplicaSet>({ metadata: meta('web-1', ownedBy('Deployment', 'web')), spec: { selector: {} } })
const found = (snapshot: Partial<Snapshot>) => attentionOf({ now, ...snapshot })
const brief = (snapshot: Partial<Snapshot>): string[] =>
  found(snapshot).map(({ rule, tone, about }) => `${rule} ${tone} ${about.kind} ${about.name}`)

describe('what needs attention', () => {
  test('pods that crash are told once for their Deployment, with the number and the cause', () => {
    const pods = ['a', 'b'].map((name) => pod(name, { owner: ownedBy('ReplicaSet', 'web-1'), status: crashing }))
    const [only, ...rest] = found({ pods, replicaSets: [set] })
    expect(rest).toEqual([])
    expect(only).toMatchObject({
      rule: 'failing',
      tone: 'bad',
      about: { kind: 'Deployment', name: 'web', namespace: 'shop' },
      since: now - 120_000,
    })
    expect(only?.says).toMatch(/^2 pods\. .*code 1/)
  })

  test('a pod that waits for a node is told after half a minute', () => {
    const pending = (seconds: number) => ({
      ...pod('p', { spec: { nodeName: undefined }, status: { phase: 'Pending', conditions: [] } }),
      metadata: stored<Pod>({ metadata: meta('p', { creationTimestamp: at(seconds) }) }).metadata,
    })
    expect(brief({ pods: [pending(10)] })).toEqual([])
    expect(brief({ pods: [pending(60)] })).toEqual(['pending warn Pod p'])
  })

  test('a pod that is not ready is told after a minute', () => {
    const unready = (seconds: number) =>
      pod('p', { status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(seconds) }] } })
    expect(brief({ pods: [unready(30)] })).toEqual([])
    expect(brief({ pods: [unready(90)] })).toEqual(['unready warn Pod p'])
  })

  test('a Deployment whose pods are refused is told with the quota that refuses them', () => {
    const deployment = stored<Deployment>({
      metadata: meta('web'),
      spec: { replicas: 2, selector: {}, template: { spec: { containers: [limited] } } },
      status: {},
    })
    const event: Event = {
      metadata: meta('e'),
      involvedObject: { kind: 'ReplicaSet', namespace: 'shop', name: 'web-1', uid: 'web-1' },
      reason: 'FailedCreate',
      message: 'pods "web-1-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
      lastTimestamp: at(5),
    }
    const [only] = found({ pods: [], replicaSets: [set], events: [stored(event)], deployments: [deployment] })
    expect(only).toMatchObject({ rule: 'short', about: { kind: 'Deployment', name: 'web' } })
    expect(only?.says).toContain('small')
  })

  test('a Job whose pods are refused is told with the quota that refuses them', () => {
    const job = stored<Job>({ metadata: meta('import', { uid: 'import' }), spec: { template: {} }, status: {} })
    const event: Event = {
      metadata: meta('e'),
      involvedObject: { kind: 'Job', namespace: 'shop', name: 'import', uid: 'import' },
      reason: 'FailedCreate',
      message: 'pods "import-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
      lastTimestamp: at(5),
    }
    const lists = { pods: [], replicaSets: [], jobs: [job] }
    expect(found({ ...lists, events: [] })).toEqual([])
    const [only] = found({ ...lists, events: [stored(event)] })
    expect(only).toMatchObject({ rule: 'short', tone: 'bad', about: { kind: 'Job', name: 'import' } })
    expect(only?.says).toContain('small')
  })

  test('of a CronJob, the newest run that has ended counts', () => {
    const run = (name: string, type: string, seconds: number) =>
      stored<Job>({
        metadata: meta(name, { ...ownedBy('CronJob', 'report'), creationTimestamp: at(seconds) }),
        status: { conditions: [{ type, status: 'True' }] },
      })
    expect(brief({ jobs: [run('one', 'Failed', 300), run('two', 'Complete', 100)] })).toEqual([])
    expect(brief({ jobs: [run('one', 'Complete', 300), run('two', 'Failed', 100)] })).toEqual(['jobs bad Job two'])
  })

  test('a claim of an unknown class is told, and one that waits for its first pod is not', () => {
    const claim = (storageClassName: string) =>
      stored<PersistentVolumeClaim>({
        metadata: meta('data'),
        spec: { storageClassName },
        status: { phase: 'Pending' },
      })
    const waiting = stored<StorageClass>({
      metadata: { name: 'late' },
      provisioner: 'x',
      volumeBindingMode: 'WaitForFirstConsumer',
    })
    const lists = { pods: [], storageClasses: [waiting], events: [] }
    expect(brief({ ...lists, claims: [claim('none')] })).toEqual(['claims bad PersistentVolumeClaim data'])
    expect(brief({ ...lists, claims: [claim('late')] })).toEqual([])
  })

  test('a Service that selects nothing and an Ingress without its Service are told', () => {
    const service = stored<Service>({
      metadata: meta('api'),
      spec: { selector: { app: 'api' }, ports: [{ port: 80 }] },
    })
    const ingress = stored<Ingress>({
      metadata: meta('shop'),
      spec: {
        ingressClassName: 'slipway',
        rules: [
          { http: { paths: [{ pathType: 'Prefix', backend: { service: { name: 'gone', port: { number: 80 } } } }] } },
        ],
      },
    })
    const lists = {
      pods: [pod('a')],
      endpointSlices: [],
      ingressClasses: [stored({ metadata: { name: 'slipway' } })],
    }
    expect(brief({ ...lists, services: [service], ingresses: [ingress] })).toEqual([
      'services warn Service api',
      'ingresses warn Ingress shop',
    ])
  })

  test('certificates are told three weeks before their end, quotas from 80 %', () => {
    const day = 24 * 3_600_000
    const certificate = (name: string, days: number) => ({ name, namespace: 'shop', notAfter: now + days * day })
    const quota = stored<ResourceQuota>({
      metadata: meta('small'),
      status: { hard: { pods: '10', 'requests.memory': '1Gi' }, used: { pods: '2', 'requests.memory': '950Mi' } },
    })
    expect(
      brief({
        certificates: [certificate('old', -1), certificate('soon', 9), certificate('late', 90)],
        quotas: [quota],
      }),
    ).toEqual(['certificates bad Secret old', 'certificates warn Secret soon', 'quotas warn ResourceQuota small'])
    expect(found({ quotas: [quota] })[0]?.says).toBe('requests.memory at 93%: 950Mi of 1Gi.')
  })

  test('deprecated versions of the API are found by who wrote the object, and Endpoints by their mirror', () => {
    const old = stored<Ingress>({
      metadata: meta('old', {
        managedFields: [{ manager: 'helm', operation: 'Update', apiVersion: 'networking.k8s.io/v1beta1' }],
      }),
    })
    const applied = stored<Deployment>({
      metadata: meta('applied', {
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"apiVersion":"apps/v1beta2"}' },
      }),
      spec: { selector: {}, template: { spec: { containers: [limited] } } },
    })
    const slice = stored<EndpointSlice>({
      metadata: meta('db-x', {
        labels: {
          'kubernetes.io/service-name': 'db',
          'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
        },
      }),
      addressType: 'IPv4',
      endpoints: [],
    })
    const all = found({ ingresses: [old], deployments: [applied], endpointSlices: [slice] })
    expect(all.map(({ about, says }) => `${about.kind} ${about.name}: ${says}`)).toEqual([
      'Deployment applied: kubectl apply writes it as apps/v1beta2, which is deprecated: use apps/v1.',
      'Ingress old: helm writes it as networking.k8s.io/v1beta1, which is deprecated: use networking.k8s.io/v1.',
      'Endpoints db: Endpoints are deprecated since Kubernetes 1.33: write EndpointSlices.',
    ])
  })

  test('workloads without a memory limit are one line per namespace, those of the system none', () => {
    const deployment = (name: string, namespace: string) =>
      stored<Deployment>({
        metadata: meta(name, { namespace }),
        spec: { selector: {}, template: { spec: { containers: [{ name: 'c' }] } } },
      })
    const [only, ...rest] = found({
      deployments: [deployment('a', 'shop'), deployment('b', 'shop'), deployment('dns', 'kube-system')],
    })
    expect(rest).toEqual([])
    expect(only?.list).toMatchObject({ plural: 'deployments', filter: 'ns:shop name:a,b' })
  })

  test('a worker that does not answer comes before everything else', () => {
    const node = stored<Node>({
      metadata: { name: 'worker-1' },
      status: { conditions: [{ type: 'Ready', status: 'Unknown', lastTransitionTime: at(60) }] },
    })
    expect(brief({ nodes: [node], pods: [pod('a', { status: crashing })] })).toEqual([
      'nodes bad Node worker-1',
      'failing bad Pod a',
    ])
  })

  test('a rule says nothing while a list that it needs is missing, and that list is named', () => {
    expect(attentionRules.every(({ find }) => find.length > 0)).toBe(true)
    expect(brief({ services: [stored<Service>({ metadata: meta('api'), spec: { selector: { a: 'b' } } })] })).toEqual(
      [],
    )
    expect(unreadLists({ now, pods: [] })).toContain('services')
    expect(unreadLists({ now, pods: [] })).not.toContain('pods')
  })
})

const limited = { name: 'c', resources: { limits: { memory: '64Mi' } } }
