import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import { resourceQuotas } from '#shared/kube/resources.ts'
import { admissionPlugins } from './apiserver/admission/index.ts'
import { createAudit, type Audit } from './apiserver/observability/audit.ts'
import { auditPolicyOf } from './apiserver/observability/audit-policy.ts'
import { createAggregator } from './apiserver/aggregation/aggregator.ts'
import { startAvailability } from './apiserver/loops/availability.ts'
import { startCustomGroups } from './apiserver/loops/custom-groups.ts'
import { ensureAuthenticationConfig, ensureLocalApiServices } from './apiserver/bootstrap/local-api-services.ts'
import { RemoteGroups } from './apiserver/discovery/remote-groups.ts'
import { startDefinitions } from './apiserver/loops/definitions.ts'
import { ensureDefaultRoles } from './apiserver/bootstrap/ensure-default-roles.ts'
import { createAuth } from './apiserver/auth/index.ts'
import { kubeconfigText, writeKubeconfig } from './apiserver/auth/kubeconfig.ts'
import { createPki, type Pki } from './apiserver/auth/pki.ts'
import { reviewKinds } from './apiserver/auth/review-kinds.ts'
import type { UserInfo } from './apiserver/api/access.ts'
import { apiServerUser, componentUser, controllerUser } from './apiserver/auth/users.ts'
import { ensureDefaultObjects } from './apiserver/bootstrap/default-objects.ts'
import { kinds } from './apiserver/kinds/index.ts'
import type { NodeConnector } from './apiserver/egress/node-connector.ts'
import type { ResourceTable, ServedResource } from './apiserver/api/resources.ts'
import { loadSchema } from './apiserver/schema/schema.ts'
import { createLargeYaml } from './apiserver/codec/large-yaml.ts'
import { componentStatuses } from './apiserver/observability/component-statuses.ts'
import { startDanglingFlowSchemas } from './apiserver/loops/dangling-flow-schemas.ts'
import { createApiServer } from './apiserver/edge/server.ts'
import { storeCheck, type HealthChecks } from './apiserver/observability/health.ts'
import { createServiceDialer } from './apiserver/egress/service-dialer.ts'
import { streamingHandlers } from './apiserver/streaming/index.ts'
import { SchedulerMetrics } from './apiserver/observability/scheduler-metrics.ts'
import { startServiceAddresses } from './apiserver/loops/service-addresses.ts'
import { WorkqueueMetrics } from './apiserver/observability/workqueue-metrics.ts'
import { webhookConditions } from './apiserver/policies/scope.ts'
import { startTypeChecking } from './apiserver/loops/type-checking.ts'
import { createWebhookCaller } from './apiserver/webhooks/call.ts'
import { startControllers, type CustomResources } from './controllers/index.ts'
import { createScheduler } from './scheduler/scheduler.ts'
import { createFileStore } from './store/file.ts'

/** Addresses and names that every cluster of ours has. */
export const network = {
  serviceCidr: '10.96.0.0/16',
  kubernetesService: '10.96.0.1',
  clusterDns: '10.96.0.10',
  clusterDomain: 'cluster.local',
  podCidr: '10.244.0.0/16',
} as const
/** The Kubernetes that the API speaks. */
export const kubernetesVersion = 'v1.36.0'

/** Silence of a worker's lease after which its node is lost, ms: half of Kubernetes' default, on one machine. */
const monitorGraceMs = 20_000

export interface ControlPlane {
  server: string
  port: number
  pki: Pki
  /** Acts as an administrator, in process. */
  client: Client
  informers: SharedInformers
  kubeconfig(): string
  stop(): Promise<void>
}

/** Entries of the threads beside the main one: `log-worker.ts` and `yaml-worker.ts` themselves, or their bundles. */
export interface ThreadEntries {
  store: URL
  yaml: URL
}

export interface ControlPlaneOptions {
  name: string
  /** Folder of the cluster: store, keys and kubeconfig lie in it. */
  dir: string
  threads: ThreadEntries
  /** Built around the certificates, which are this function's to make. */
  connector(pki: Pki, apiServerPort: () => number): NodeConnector
  /** Further metrics of the process, as Prometheus text. */
  metrics?: readonly { text(): string }[]
  clock: Clock
  log: Log
}

/** Starts store, API server, controllers and scheduler, in this order; stops them in the reverse one. */
export async function startControlPlane({
  name,
  dir,
  threads,
  connector,
  metrics = [],
  clock,
  log,
}: ControlPlaneOptions): Promise<ControlPlane> {
  const stops = new StopStack()
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const [pki, store] = await Promise.all([
      createPki({ dir: join(dir, 'pki'), clock }),
      secretKeyOf(dir).then((secretKey) =>
        createFileStore({ dir: join(dir, 'store'), log, workerUrl: threads.store, secretKey }),
      ),
    ])
    stops.add(() => store.close())

    // Authorisation reads through the server that asks it: the reader is handed over once the server is there.
    const allKinds = [...kinds, ...reviewKinds]
    let port = 0
    const late = lateReader()
    const auth = createAuth({ pki, store, reader: late.reader, clock })
    stops.add(auth.stop)
    const nodes = connector(pki, () => port)
    const dialService = createServiceDialer({ connector: nodes, reader: late.reader })
    const aggregator = createAggregator({ reader: late.reader, dialService, frontProxy: pki.frontProxy.client })
    const remote = new RemoteGroups()
    const running = new Set<string>()
    const isRunning = (component: string) => () => (running.has(component) ? undefined : 'it is not running')
    const components = {
      'controller-manager': isRunning('controller-manager'),
      scheduler: isRunning('scheduler'),
      'etcd-0': storeCheck(store),
    }
    const audit = await auditOf(dir, clock, log)
    if (audit) stops.add(() => audit.close())
    const workqueues = new WorkqueueMetrics()
    const scheduling = new SchedulerMetrics()
    const largeYaml = createLargeYaml({ workerUrl: threads.yaml, clock })
    stops.add(largeYaml.stop)
    const callWebhook = createWebhookCaller({ dialService })
    const server = createApiServer({
      store,
      kinds: allKinds,
      schema: loadSchema(),
      authenticator: auth.authenticator,
      authorizer: auth.authorizer,
      admission: admissionPlugins({
        clock,
        rbac: auth.authorizer,
        resources: () => server.resources,
        quota: {
          writeStatus: (quota) => createClient(server.transportFor(apiServerUser)).updateStatus(resourceQuotas, quota),
        },
        webhooks: { call: callWebhook, conditionsHold: webhookConditions(auth), log },
      }),
      connectHandlers: streamingHandlers({ connector: nodes }),
      actionHandlers: auth.actions,
      views: [componentStatuses(components)],
      aggregation: { aggregator, remote },
      callWebhook,
      pages: auth.pages,
      metrics: [workqueues, scheduling, ...metrics],
      audit,
      largeYaml,
      checks: startChecks(late.reader),
      clock,
      log: log.child({ part: 'apiserver' }),
      version: `${kubernetesVersion}+slipway`,
      tls: { ...pki.apiServer, ca: pki.ca },
      port: await keptPort(dir),
    })
    late.use(server.reader)
    await server.listen()
    stops.add(() => server.stop())
    port = Number(new URL(server.url).port)

    const client = createClient(server.transportFor(apiServerUser))
    await ensureDefaultObjects({ client })
    await ensureDefaultRoles({ client })
    await Promise.all([ensureLocalApiServices({ client, kinds }), ensureAuthenticationConfig({ client, pki })])
    const clientOf = (user: UserInfo): Client => createClient(server.transportFor(user, 'kube-controller-manager'))
    const controllers = startControllers({
      client: clientOf(componentUser('kube-controller-manager')),
      clientFor: (controller) => clientOf(controllerUser(controller)),
      clock,
      log,
      resources: storedResources(),
      customResources: customResources(server.resources),
      rootCa: pki.ca,
      certificates: { requests: pki.requests },
      issueToken: auth.legacyTokens.issue,
      kubernetesService: { clusterIP: network.kubernetesService, advertised: { address: '127.0.0.1', port } },
      nodeLifecycle: { monitorGraceMs },
      observe: workqueues.observe,
    })
    running.add('controller-manager')
    stops.add(() => controllers.stop())
    const informers = createSharedInformers({ client, clock, log })
    stops.add(() => informers.stop())
    stops.add(startDefinitions({ client, informers, clock, log }, { custom: server.custom }))
    stops.add(startTypeChecking({ client, informers, clock, log }, { resources: () => server.resources }))
    stops.add(startAvailability({ client, informers, clock, log }, { aggregator, remote }))
    stops.add(startCustomGroups({ client, informers, clock, log }))
    stops.add(startServiceAddresses({ client, informers, clock, log }))
    stops.add(startDanglingFlowSchemas({ client, informers, clock, log }))
    const schedulerClient = createClient(server.transportFor(componentUser('kube-scheduler'), 'kube-scheduler'))
    const schedulerInformers = createSharedInformers({ client: schedulerClient, clock, log })
    stops.add(() => schedulerInformers.stop())
    const scheduler = createScheduler({
      client: schedulerClient,
      informers: schedulerInformers,
      clock,
      log: log.child({ part: 'scheduler' }),
      observe: scheduling.observe,
    })
    scheduling.countPending(() => scheduler.pending())
    await scheduler.start()
    running.add('scheduler')
    stops.add(() => scheduler.stop())

    const access = { name: `slipway-${name}`, server: server.url, ca: pki.ca, credentials: pki.admin }
    await writeKubeconfig(join(dir, 'kubeconfig'), access)
    return {
      server: server.url,
      port,
      pki,
      client,
      informers,
      kubeconfig: () => kubeconfigText(access),
      stop: () => stops.stop(),
    }
  } catch (error) {
    await stops.stop().catch(() => undefined)
    throw error
  }
}

/** Custom resources as controllers see them: each in its preferred version. */
function customResources(table: ResourceTable): CustomResources {
  const preferred = ({ kind, custom }: ServedResource): Resource | undefined => {
    const { group, version, plural, namespaced } = kind
    return custom && table.findAnyVersion(group, plural)?.kind === kind
      ? { group, version, plural, kind: kind.kind, namespaced }
      : undefined
  }
  const all = (): Resource[] => table.all().flatMap((resource) => preferred(resource) ?? [])
  return {
    all,
    onChange(listener) {
      for (const resource of all()) listener(resource, true)
      return table.onChange((served, isServed) => {
        if (!served.custom) return
        const { group, version, plural, namespaced, kind } = served.kind
        if (!isServed) listener({ group, version, plural, namespaced, kind }, false)
        else {
          const resource = preferred(served)
          if (resource) listener(resource, true)
        }
      })
    },
  }
}

/** The audit log, for clusters in whose folder there is a policy. */
async function auditOf(dir: string, clock: Clock, log: Log): Promise<Audit | undefined> {
  try {
    const policy = auditPolicyOf(parse(await readFile(join(dir, 'audit-policy.yaml'), 'utf8')))
    return createAudit({ policy, file: join(dir, 'audit.log'), clock, log })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What the start of the control plane has to have brought about, under Kubernetes' names. */
function startChecks(reader: Reader): HealthChecks {
  const exists = (group: string, plural: string, name: string) => () =>
    reader.get({ group, plural }, '', name) ? undefined : 'not finished'
  return {
    'poststarthook/rbac/bootstrap-roles': exists('rbac.authorization.k8s.io', 'clusterroles', 'cluster-admin'),
    'poststarthook/scheduling/bootstrap-system-priority-classes': exists(
      'scheduling.k8s.io',
      'priorityclasses',
      'system-node-critical',
    ),
  }
}

type Reader = Parameters<typeof createAuth>[0]['reader']

function lateReader(): { reader: Reader; use(reader: Reader): void } {
  let target: Reader | undefined
  const reader = new Proxy({} as Reader, {
    get(_, property) {
      if (!target) throw new Error('the API server is not up yet')
      const value = Reflect.get(target, property) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { reader, use: (real) => (target = real) }
}

/** What is kept in the store, each kind once: events are served by two groups and stored by one. */
function storedResources(): Resource[] {
  return kinds
    .filter(({ verbs, storage }) => storage === undefined && (verbs === undefined || verbs.includes('watch')))
    .map(({ group, version, plural, kind, namespaced }) => ({ group, version, plural, kind, namespaced }))
}

/** The key that encrypts Secrets at rest: in a file of its own, readable by the owner alone. */
async function secretKeyOf(dir: string): Promise<Uint8Array> {
  const file = join(dir, 'secret.key')
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const key = randomBytes(32)
    await writeFile(file, key, { mode: 0o600, flag: 'wx' })
    return key
  }
}

/** The port of the first start, as long as it is free: kubeconfigs that were handed out stay good. */
async function keptPort(dir: string): Promise<number> {
  const file = join(dir, 'port')
  const known = Number(await readFile(file, 'utf8').catch(() => '0'))
  const port = (known && (await freePort(known))) || (await freePort(0)) || 0
  await writeFile(file, String(port), { mode: 0o600 })
  return port
}

function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
