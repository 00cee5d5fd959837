import {
  ApiException,
  AppsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  Metrics,
  NetworkingV1Api,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  V1MicroTime,
  VersionApi,
  Watch,
  type KubernetesObject,
  type V1ConfigMap,
  type V1Pod,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let config: KubeConfig
let core: CoreV1Api
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  config = new KubeConfig()
  config.loadFromString(cluster.plane.kubeconfig())
  core = config.makeApiClient(CoreV1Api)
})
afterAll(() => cluster?.stop())

const namespace = 'default'
const podSpec = { containers: [{ name: 'c', image: 'busybox' }] }
const configMap = (name: string, data: Record<string, string> = {}, labels = {}): V1ConfigMap => ({
  metadata: { name, labels },
  data,
})

/** What the server refused with. */
async function refusal(promise: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof ApiException)) throw error
    const { reason, message } = JSON.parse(error.body as string) as { reason: string; message: string }
    return { code: error.code, reason, message }
  }
  throw new Error('it was let pass')
}

describe('typed APIs', () => {
  it('create, read, replace, patch, list and delete', async () => {
    const made = await core.createNamespacedConfigMap({ namespace, body: configMap('typed', { a: '1' }) })
    expect(made.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date)
    made.data = { a: '2' }
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: made })
    expect(replaced.data).toEqual({ a: '2' })
    made.data = { a: '3' }
    const stale = core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: made })
    expect(await refusal(stale)).toMatchObject({ code: 409, reason: 'Conflict' })
    const patches: [PatchStrategy, unknown][] = [
      [PatchStrategy.MergePatch, { data: { b: '1' } }],
      [PatchStrategy.StrategicMergePatch, { data: { c: '1' } }],
      [PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/d', value: '1' }]],
    ]
    for (const [strategy, body] of patches)
      await core.patchNamespacedConfigMap(
        { namespace, name: 'typed', body },
        setHeaderOptions('Content-Type', strategy),
      )
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'typed' }, data: { e: '1' } }
    const applied = await core.patchNamespacedConfigMap(
      { namespace, name: 'typed', body: apply, fieldManager: 'test' },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    )
    expect(applied.data).toEqual({ a: '2', b: '1', c: '1', d: '1', e: '1' })
    expect(applied.metadata?.managedFields?.map(({ operation }) => operation)).toContain('Apply')
    const { items } = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=typed' })
    expect(items).toHaveLength(1)
    expect(await core.deleteNamespacedConfigMap({ namespace, name: 'typed' })).toMatchObject({ status: 'Success' })
    expect(await refusal(core.readNamespacedConfigMap({ namespace, name: 'typed' }))).toEqual({
      code: 404,
      reason: 'NotFound',
      message: 'configmaps "typed" not found',
    })
  })

  it('reach every group that they are for', async () => {
    const selector = { matchLabels: { app: 'web' } }
    const template = { metadata: { labels: { app: 'web' } }, spec: podSpec }
    const apps = config.makeApiClient(AppsV1Api)
    await apps.createNamespacedDeployment({
      namespace,
      body: { metadata: { name: 'web' }, spec: { replicas: 2, selector, template } },
    })
    await expect
      .poll(async () => (await apps.readNamespacedDeployment({ namespace, name: 'web' })).status?.readyReplicas, {
        timeout: 20_000,
      })
      .toBe(2)
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' })
    expect(scale.spec?.replicas).toBe(2)
    scale.spec = { replicas: 1 }
    await apps.replaceNamespacedDeploymentScale({ namespace, name: 'web', body: scale })
    expect((await apps.readNamespacedDeployment({ namespace, name: 'web' })).spec?.replicas).toBe(1)

    const jobTemplate = { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } }
    const cron = await config.makeApiClient(BatchV1Api).createNamespacedCronJob({
      namespace,
      body: { metadata: { name: 'nightly' }, spec: { schedule: '0 3 * * *', jobTemplate } },
    })
    expect(cron.spec).toMatchObject({ concurrencyPolicy: 'Allow', suspend: false, failedJobsHistoryLimit: 1 })
    const scaler = await config.makeApiClient(AutoscalingV2Api).createNamespacedHorizontalPodAutoscaler({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
      },
    })
    expect(scaler.spec?.minReplicas).toBe(1)
    const policy = await config.makeApiClient(NetworkingV1Api).createNamespacedNetworkPolicy({
      namespace,
      body: { metadata: { name: 'closed' }, spec: { podSelector: {} } },
    })
    expect(policy.spec?.policyTypes).toEqual(['Ingress'])
    const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] }
    const role = { metadata: { name: 'reader' }, rules: [rule] }
    expect(
      (await config.makeApiClient(RbacAuthorizationV1Api).createNamespacedRole({ namespace, body: role })).rules,
    ).toEqual([rule])
    const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } },
    })
    expect(review.status?.allowed).toBe(true)
    const self = await config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} })
    expect(self.status?.userInfo?.username).toBe('kubernetes-admin')
    expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toBe('v1.36.0+slipway')
  })

  it('keep microseconds of a lease', async () => {
    const leases = config.makeApiClient(CoordinationV1Api)
    const renewTime = new V1MicroTime('2026-11-23T10:11:12.123Z')
    const spec = { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime }
    await leases.createNamespacedLease({ namespace, body: { metadata: { name: 'lock' }, spec } })
    const { spec: stored } = await leases.readNamespacedLease({ namespace, name: 'lock' })
    expect(new Date(stored?.renewTime ?? 0).getTime()).toBe(renewTime.getTime())
    expect(await cluster.kubectl.ok('get', 'lease', 'lock', '-o', 'jsonpath={.spec.renewTime}')).toBe(
      '2026-11-23T10:11:12.123000Z',
    )
  })

  it('page through a list, and select by label', async () => {
    for (let i = 0; i < 7; i++)
      await core.createNamespacedConfigMap({
        namespace,
        body: configMap(`page-${i}`, {}, { page: i % 2 ? 'odd' : 'even' }),
      })
    const names: (string | undefined)[] = []
    let token: string | undefined
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'page',
        limit: 3,
        ...(token ? { _continue: token } : {}),
      })
      expect(page.items.length).toBeLessThanOrEqual(3)
      names.push(...page.items.map(({ metadata }) => metadata?.name))
      token = page.metadata?._continue
    } while (token)
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `page-${i}`))
    const even = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page in (even),page!=odd' })
    expect(even.items).toHaveLength(4)
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'page=odd' })
    expect((await core.listNamespacedConfigMap({ namespace, labelSelector: 'page' })).items).toHaveLength(4)
  })

  it('are told what is wrong, field by field', async () => {
    const bad = core.createNamespacedPod({ namespace, body: { metadata: { name: 'bad' }, spec: { containers: [] } } })
    expect(await refusal(bad)).toEqual({
      code: 422,
      reason: 'Invalid',
      message: 'Pod "bad" is invalid: spec.containers: Required value',
    })
  })
})

describe('objects of any kind', () => {
  it('are created, read, patched, replaced, listed and deleted', async () => {
    const api = KubernetesObjectApi.makeApiClient(config)
    const spec = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'any', namespace },
      spec: { ports: [{ port: 80 }] },
    }
    const made = await api.create<KubernetesObject & { spec: { clusterIP?: string; ports: unknown[] } }>(spec)
    expect(made.spec.clusterIP).toMatch(/^10\.96\./)
    const read = await api.read({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'any', namespace } })
    expect(read.metadata?.uid).toBe(made.metadata?.uid)
    const patched = await api.patch(
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'any', namespace, labels: { a: 'b' } } },
      undefined,
      undefined,
      undefined,
      undefined,
      PatchStrategy.StrategicMergePatch,
    )
    expect(patched.metadata?.labels).toEqual({ a: 'b' })
    const replaced = await api.replace({
      ...made,
      metadata: { ...patched.metadata, labels: { a: 'c' } },
    })
    expect(replaced.metadata?.labels).toEqual({ a: 'c' })
    expect((await api.list('v1', 'Service', namespace)).items.map(({ metadata }) => metadata?.name)).toContain('any')
    await api.delete({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'any', namespace } })
    expect(
      await refusal(api.read({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'any', namespace } })),
    ).toMatchObject({ code: 404 })
  })

  it('of custom kinds, too, as soon as they are defined', async () => {
    const names = { plural: 'boats', singular: 'boat', kind: 'Boat' }
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { masts: { type: 'integer' } } } },
    }
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.sea.example.com' },
      spec: {
        group: 'sea.example.com',
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    }
    await KubernetesObjectApi.makeApiClient(config).create(definition)
    const custom = config.makeApiClient(CustomObjectsApi)
    const at = { group: 'sea.example.com', version: 'v1', namespace, plural: 'boats' }
    const body = { apiVersion: 'sea.example.com/v1', kind: 'Boat', metadata: { name: 'one' }, spec: { masts: 2 } }
    await expect
      .poll(() =>
        custom.createNamespacedCustomObject({ ...at, body }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    const boat = (await custom.getNamespacedCustomObject({ ...at, name: 'one' })) as { spec: { masts: number } }
    expect(boat.spec.masts).toBe(2)
    const bad = custom.createNamespacedCustomObject({
      ...at,
      body: { ...body, metadata: { name: 'two' }, spec: { masts: 'x' } },
    })
    expect((await refusal(bad)).message).toContain('spec.masts in body must be of type integer: "string"')
  })
})

describe('watching', () => {
  it('tells of what is there and of what happens', async () => {
    const seen: string[] = []
    const watch = new Watch(config)
    const ended = new Promise<unknown>((resolve) => {
      void watch
        .watch(
          `/api/v1/namespaces/${namespace}/configmaps`,
          { labelSelector: 'watched', timeoutSeconds: 4 },
          (type, object: V1ConfigMap) =>
            seen.push(`${type} ${object.metadata?.name ?? ''} ${object.data?.['a'] ?? ''}`),
          resolve,
        )
        .then(async () => {
          await core.createNamespacedConfigMap({ namespace, body: configMap('seen', { a: '1' }, { watched: 'yes' }) })
          await core.patchNamespacedConfigMap(
            { namespace, name: 'seen', body: { data: { a: '2' } } },
            setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
          )
          await core.deleteNamespacedConfigMap({ namespace, name: 'seen' })
        })
    })
    await ended
    expect(seen).toEqual(['ADDED seen 1', 'MODIFIED seen 2', 'DELETED seen 2'])
  })

  it('an informer follows, and goes on after it has been stopped and started', async () => {
    const list = (): Promise<{ items: V1Pod[] }> => core.listNamespacedPod({ namespace, labelSelector: 'informed' })
    const informer = makeInformer<V1Pod>(config, `/api/v1/namespaces/${namespace}/pods`, list, 'informed')
    const events: string[] = []
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, ({ metadata }) => events.push(`${verb} ${metadata?.name ?? ''}`))
    await informer.start()
    const pod = (name: string): Promise<V1Pod> =>
      core.createNamespacedPod({ namespace, body: { metadata: { name, labels: { informed: 'yes' } }, spec: podSpec } })
    await pod('first')
    await expect.poll(() => informer.get('first', namespace)?.status?.phase, { timeout: 20_000 }).toBe('Running')
    await informer.stop()
    await core.deleteNamespacedPod({ namespace, name: 'first', gracePeriodSeconds: 0 })
    await pod('second')
    await informer.start()
    await expect
      .poll(() => informer.list(namespace).map(({ metadata }) => metadata?.name), { timeout: 20_000 })
      .toEqual(['second'])
    expect(events).toContain('delete first')
    await informer.stop()
  })

  it('from a version that is long gone is told so', async () => {
    const watch = new Watch(config)
    const failure = await new Promise((resolve) => {
      void watch.watch(`/api/v1/namespaces/${namespace}/configmaps`, { resourceVersion: 'x' }, () => undefined, resolve)
    })
    expect(String(failure)).toContain('Internal Server Error')
  })
})

it('the usage of nodes is a list from the start', async () => {
  expect((await new Metrics(config).getNodeMetrics()).kind).toBe('NodeMetricsList')
})
