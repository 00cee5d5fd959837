import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import type { Transport } from '#shared/client/transport.ts'
import { resourceQuotas } from '#shared/kube/resources.ts'
import type { Store } from '../store/store.ts'
import { admissionPlugins } from './admission/index.ts'
import { createAggregator } from './aggregation/aggregator.ts'
import type { UserInfo } from './api/access.ts'
import { ResourceTable } from './api/resources.ts'
import { firstOf } from './api/route.ts'
import { customResources, storedResources, type CustomResources } from './api/stored-resources.ts'
import type { UsageReader } from './api/usage.ts'
import { createAuth } from './auth/index.ts'
import type { LegacyTokens } from './auth/legacy-tokens.ts'
import type { Pki } from './auth/pki.ts'
import { reviewKinds } from './auth/review-kinds.ts'
import { apiServerUser } from './auth/users.ts'
import { bootstrap } from './bootstrap/index.ts'
import { startChecks } from './bootstrap/start-checks.ts'
import { createLargeYaml } from './codec/large-yaml.ts'
import { RemoteGroups } from './discovery/remote-groups.ts'
import { createGenericServer } from './edge/generic-server.ts'
import { createFlowControl } from './flow-control/index.ts'
import { guardedConnector } from './egress/guarded-connector.ts'
import type { NodeConnector } from './egress/node-connector.ts'
import { createServiceDialer } from './egress/service-dialer.ts'
import { withFeatureGates, type FeatureGates } from './kinds/feature-gates.ts'
import { kinds } from './kinds/index.ts'
import { startLoops } from './loops/index.ts'
import { openAudit } from './observability/audit.ts'
import { componentStatuses } from './observability/component-statuses.ts'
import type { MetricsText } from './observability/metrics.ts'
import { storeCheck, type HealthChecks } from './observability/health.ts'
import { objectMetricsPage } from './observability/object-metrics/index.ts'
import { metricsKinds, resourceMetrics } from './observability/resource-metrics.ts'
import { SchedulerMetrics } from './observability/scheduler-metrics.ts'
import { WorkqueueMetrics } from './observability/workqueue-metrics.ts'
import { webhookConditions } from './policies/scope.ts'
import { policyPeersPage } from './policy-peers/index.ts'
import { createReader } from './registry/context.ts'
import { loadSchema } from './schema/schema.ts'
import { streamingHandlers } from './streaming/index.ts'
import { createWebhookCaller } from './webhooks/call.ts'

/** The one door of the API server: the rest of the cluster imports nothing else of this folder. */
export { kubeconfigText, writeKubeconfig, type KubeconfigOptions } from './auth/kubeconfig.ts'
export { createPki } from './auth/pki.ts'
export { componentUser, controllerUser } from './auth/users.ts'
export { compileDeviceSelector } from './cel/device-selector.ts'
export type { MetricsText, NodeConnector, Pki, UserInfo }

export interface ApiServerOptions {
  /** Folder of the cluster. An `audit-policy.yaml` in it turns the audit log on, which is then `audit.log` beside it. */
  dir: string
  store: Store
  pki: Pki
  /** Connections to the workers. */
  connector: NodeConnector
  /** Of which pods have their addresses; nothing else of the workers' network is dialled. */
  podRanges: readonly string[]
  /** Ranges of Services, one of each family, and the address of DNS in the first; the default ones when unset. */
  services?: { cidrs: readonly string[]; dns: string }
  /** Entry of the thread that reads large YAML: `codec/yaml-worker.ts` or its bundle. */
  yamlThread: URL
  /** Where it listens on 127.0.0.1. */
  port: number
  /** Of Kubernetes: `v1.36.0`. */
  version: string
  /** Features of v1.36 that are on or off against its defaults. */
  featureGates?: FeatureGates | undefined
  /** Checks of the other components of the control plane, by their names as ComponentStatuses. */
  components: HealthChecks
  /** What `metrics.k8s.io` shows. */
  usage: UsageReader
  /** Further metrics of the process, for `/metrics`. */
  processMetrics?: readonly MetricsText[]
  clock: Clock
  log: Log
}

export interface ApiServer {
  /** `https://127.0.0.1:6443` */
  readonly url: string
  /** The way in without a socket, as `user`. @param agent default field manager of its writes */
  transportFor(user: UserInfo, agent?: string): Transport
  /** Acts as the API server itself, which may do everything. */
  readonly client: Client
  /** Connects from a node's network to a pod or the node itself, and to nothing else. @throws ApiError or Error */
  readonly connect: NodeConnector['connect']
  /** The built-in resources that are stored. */
  readonly stored: readonly Resource[]
  readonly custom: CustomResources
  /** Makes the tokens of Secrets of type `kubernetes.io/service-account-token`. */
  readonly issueToken: LegacyTokens['issue']
  /** What other components measure, for `/metrics`. */
  readonly metrics: { workqueues: WorkqueueMetrics; scheduling: SchedulerMetrics }
  stop(): Promise<void>
}

/** Starts the API server over a store; resolves when it listens and a new cluster's first objects are there. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const stops = new StopStack()
  try {
    return await compose(options, stops)
  } catch (error) {
    await stops.stop().catch(() => undefined)
    throw error
  }
}

/** What is served and how it is read come first; authentication, authorisation and admission are built on them. */
async function compose(options: ApiServerOptions, stops: StopStack): Promise<ApiServer> {
  const { dir, store, pki, clock, log } = options
  const schema = loadSchema()
  const resources = new ResourceTable(
    [...withFeatureGates(kinds, options.featureGates), ...reviewKinds, ...metricsKinds],
    (kind) => schema.type(kind.schema),
  )
  const reader = createReader(store, resources)

  const auth = createAuth({ pki, store, reader, clock })
  stops.add(auth.stop)
  const connector = guardedConnector({ ...options, reader })
  const dialService = createServiceDialer({ connector, reader })
  const callWebhook = createWebhookCaller({ dialService })
  const aggregator = createAggregator({ reader, dialService, frontProxy: pki.frontProxy.client })
  const remote = new RemoteGroups()
  const admission = admissionPlugins({
    clock,
    rbac: auth.authorizer,
    resources,
    // Writes through the server that calls it, as Kubernetes' loopback client.
    quota: { writeStatus: (quota) => client.updateStatus(resourceQuotas, quota) },
    webhooks: { call: callWebhook, conditionsHold: webhookConditions(auth), log },
    ...(options.services ? { cidrs: options.services.cidrs } : {}),
  })

  const audit = await openAudit({ dir, clock, log })
  if (audit) stops.add(() => audit.close())
  const largeYaml = createLargeYaml({ workerUrl: options.yamlThread, clock })
  stops.add(largeYaml.stop)
  const metrics = { workqueues: new WorkqueueMetrics({ clock }), scheduling: new SchedulerMetrics() }
  const policyPeers = policyPeersPage({ client: () => client, reader, clock, log })
  const flowControl = createFlowControl({ store, reader, clock })
  let started = false
  stops.add(flowControl.stop)
  const server = createGenericServer({
    store,
    resources,
    reader,
    schema,
    authenticator: auth.authenticator,
    authorizer: auth.authorizer,
    admission,
    connectHandlers: streamingHandlers({
      connector,
      kubeletClient: { ca: pki.ca, cert: pki.admin.cert, key: pki.admin.key },
    }),
    actionHandlers: auth.actions,
    views: [
      componentStatuses({ ...options.components, 'etcd-0': storeCheck(store) }),
      ...resourceMetrics({ usage: options.usage, reader, clock }),
    ],
    aggregation: { aggregator, remote },
    callWebhook,
    pages: firstOf(objectMetricsPage({ reader, clock }), policyPeers.page, auth.pages),
    metrics: [flowControl, metrics.workqueues, metrics.scheduling, ...(options.processMetrics ?? [])],
    flowControl,
    audit,
    largeYaml,
    checks: startChecks(reader, () => started),
    clock,
    log: log.child({ part: 'apiserver' }),
    version: `${options.version}+slipway`,
    tls: { ...pki.apiServer, ca: pki.ca },
    port: options.port,
  })
  const client = createClient(server.transportFor(apiServerUser))

  stops.add(() => server.stop())
  stops.add(policyPeers.stop)
  await server.listen()
  await bootstrap({ client, kinds, pki, services: options.services })
  stops.add(startLoops({ client, clock, log, resources, custom: server.custom, aggregator, remote }))
  started = true
  return {
    url: server.url,
    transportFor: server.transportFor,
    client,
    connect: (node, authority, transport) => connector.connect(node, authority, transport),
    stored: storedResources(kinds),
    custom: customResources(resources),
    issueToken: auth.legacyTokens.issue,
    metrics,
    stop: () => stops.stop(),
  }
}
