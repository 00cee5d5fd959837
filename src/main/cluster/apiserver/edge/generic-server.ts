import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { Transport } from '#shared/client/transport.ts'
import type { JsonSchema, TypeNode } from '#shared/kube/patch/type-node.ts'
import type { Store } from '../../store/store.ts'
import type { Audit } from '../observability/audit.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import type { RemoteGroups } from '../discovery/remote-groups.ts'
import type { FlowControl } from '../flow-control/index.ts'
import type { Authenticator, Authorizer, UserInfo } from '../api/access.ts'
import { CustomKinds } from '../custom/custom-kinds.ts'
import type { Page } from '../api/route.ts'
import { RequestHandler } from './handler.ts'
import type { LargeYaml } from '../codec/large-yaml.ts'
import { HttpEdge } from './http.ts'
import { createInProcessTransport } from './in-process.ts'
import { createMetrics, type MetricsText } from '../observability/metrics.ts'
import { RequestMetrics } from '../observability/request-metrics.ts'
import { builtInChecks, type HealthCheck } from '../observability/health.ts'
import { createPages } from './pages.ts'
import { versionInfo } from '../api/version.ts'
import type { AdmissionPlugin } from '../api/admission.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { ConnectHandler } from '../api/connect.ts'
import type { ActionHandler } from '../api/action.ts'
import { admissionChain, type RegistryContext } from '../registry/context.ts'
import type { ResourceTable } from '../api/resources.ts'
import type { View } from '../registry/view.ts'
import type { WebhookCaller } from '../webhooks/call.ts'
import { WatchHub } from '../registry/watch.ts'

export interface GenericServerOptions {
  store: Store
  /** What is served: built-in kinds from the start, custom ones as they come. */
  resources: ResourceTable
  /** Reads of `store` by way of `resources`. */
  reader: ObjectReader
  /** Types of the kinds, for decoding, patches, apply and the OpenAPI documents: a SchemaSet. */
  schema: SchemaSource
  authenticator: Authenticator
  authorizer: Authorizer
  /** In the order of the chain. */
  admission?: readonly AdmissionPlugin[]
  connectHandlers?: readonly ConnectHandler[]
  actionHandlers?: readonly ActionHandler[]
  /** Kinds whose objects are computed on read. */
  views?: readonly View[]
  clock: Clock
  log: Log
  /** `v1.36.0+slipway` */
  version: string
  tls: { key: string; cert: string; ca?: string | string[] }
  /** 127.0.0.1 when unset. */
  host?: string
  /** A free one when unset or 0. */
  port?: number
  /** Health checks besides those that every server has. */
  checks?: Readonly<Record<string, HealthCheck>>
  /** Forwards requests for aggregated API groups to their servers. */
  aggregation?: { aggregator: Aggregator; remote: RemoteGroups }
  /** Calls the conversion webhooks of custom resources. */
  callWebhook?: WebhookCaller
  /** Records requests that come over HTTPS. */
  audit?: Audit | undefined
  /** Parses large YAML on a thread; it is parsed in place when unset. */
  largeYaml?: LargeYaml
  /** Lets requests over HTTPS in by their priority; all run at once when unset. */
  flowControl?: FlowControl
  /** Further sources of `/metrics`. */
  metrics?: readonly MetricsText[]
  /** Further paths that are no resources, such as the keys of service-account tokens. */
  pages?: Page
}

export interface SchemaSource {
  definition(name: string): JsonSchema | undefined
  type(name: string): TypeNode
}

export interface GenericServer {
  /** A transport within the process, as `user`. @param agent default field manager of its writes */
  transportFor(user: UserInfo, agent?: string): Transport
  /** Adds and removes custom kinds. */
  readonly custom: CustomKinds
  listen(): Promise<void>
  /** `https://127.0.0.1:6443`; the port is known once listening. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * A server of the Kubernetes API for any kinds, users and rules: one request handler, reached over HTTPS and from within
 * the process. `apiserver/index.ts` makes Slipway's of it.
 */
export function createGenericServer(options: GenericServerOptions): GenericServer {
  const { store, resources, reader, schema, clock, log, version } = options
  const admission = admissionChain(options.admission ?? [])
  const context: RegistryContext = { store, clock, log, resources, reader, admission }
  const hub = new WatchHub(context)
  const custom = new CustomKinds({
    resources,
    builtIn: (name) => schema.definition(name),
    callWebhook: options.callWebhook,
  })
  resources.onChange((resource, served) => {
    if (!served) hub.end(resource)
  })
  const requests = new RequestMetrics()
  let stopping = false
  const handler = new RequestHandler({
    context,
    hub,
    authorizer: options.authorizer,
    connectHandlers: options.connectHandlers ?? [],
    actionHandlers: options.actionHandlers ?? [],
    views: options.views ?? [],
    pages: createPages({
      resources,
      definitions: (name) => custom.definition(name),
      version: versionInfo(version),
      metrics: createMetrics({
        requests,
        version: versionInfo(version),
        others: options.metrics,
        watchers: () =>
          [...hub.requests()].map(({ resource, prefix }) => ({
            resource,
            scope: prefix === resource.prefix ? 'cluster' : 'namespace',
          })),
        objects: () =>
          resources
            .all()
            .filter(({ verbs }) => verbs.has('watch'))
            .map(({ kind, prefix }) => ({ group: kind.group, resource: kind.plural, count: store.count(prefix) })),
      }),
      checks: builtInChecks({ log, store, stopping: () => stopping, hooks: options.checks ?? {} }),
      others: options.pages,
      remote: options.aggregation?.remote,
    }),
  })
  const host = options.host ?? '127.0.0.1'
  const edge = new HttpEdge({
    handler,
    authenticator: options.authenticator,
    reader,
    clock,
    log,
    metrics: requests,
    flowControl: options.flowControl,
    audit: options.audit,
    largeYaml: options.largeYaml,
    tls: options.tls,
    aggregator: options.aggregation?.aggregator,
    host,
    port: options.port ?? 0,
  })
  return {
    custom,
    transportFor: (user, agent = 'slipway') =>
      createInProcessTransport({ handler, aggregator: options.aggregation?.aggregator, clock, user, agent }),
    listen() {
      custom.load(reader)
      return edge.listen()
    },
    get url() {
      return `https://${host}:${edge.port}`
    },
    async stop() {
      stopping = true
      hub.stop()
      await edge.stop()
    },
  }
}
