import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { setCondition, findCondition } from '#shared/kube/conditions.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { APIService, APIServiceCondition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { apiServices, endpointSlices, services } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { partOf } from '../discovery/remote-schemas.ts'
import type { RemoteGroups } from '../discovery/remote-groups.ts'

const isV3 = (document: unknown): boolean =>
  typeof (document as { openapi?: unknown } | undefined)?.openapi === 'string'

const recheckMs = 30_000
const retryMs = 1_000
const checkTimeoutMs = 5_000

type Verdict = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>

/** Maintains the condition Available of every APIService and the discovery documents of remote ones. */
export function startAvailability(
  context: ControllerContext,
  { aggregator, remote }: { aggregator: Aggregator; remote: RemoteGroups },
): Stop {
  const { client, clock } = context
  const apiServiceInformer = context.informers.share(apiServices)
  const serviceInformer = context.informers.share(services)
  const sliceInformer = context.informers.share(endpointSlices)

  async function reconcile(name: string): Promise<Outcome> {
    const object = apiServiceInformer.get(name)
    if (!object) {
      remote.release(name)
      return undefined
    }
    if (object.spec?.service) remote.claim(object)
    else remote.release(name)
    const verdict = await judge(object)
    if (verdict.status !== 'True') remote.remove(name)
    await report(object, verdict)
    if (object.spec?.service && verdict.status === 'True') await readSchemas(object)
    if (!object.spec?.service) return undefined
    return { requeueAfter: verdict.status === 'True' ? recheckMs : retryMs }
  }

  async function judge(object: Stored<APIService>): Promise<Verdict> {
    const target = object.spec?.service
    if (!target) return { status: 'True', reason: 'Local', message: 'Local APIServices are always available' }
    const key = `${target.namespace ?? ''}/${target.name ?? ''}`
    const service = serviceInformer.get(key)
    if (!service)
      return {
        status: 'False',
        reason: 'ServiceNotFound',
        message: `service/${target.name ?? ''} in ${JSON.stringify(target.namespace ?? '')} is not present`,
      }
    const port = service.spec?.ports?.find((one) => one.port === (target.port ?? 443))
    if (!port)
      return {
        status: 'False',
        reason: 'ServicePortError',
        message: `service/${target.name ?? ''} in ${JSON.stringify(target.namespace ?? '')} is not listening on port ${target.port ?? 443}`,
      }
    return discover(object)
  }

  async function discover(object: Stored<APIService>): Promise<Verdict> {
    const { group = '', version = '' } = object.spec ?? {}
    const path = `/apis/${group}/${version}`
    try {
      const { body } = await aggregator.fetch(object, path, 'application/json', checkTimeoutMs)
      remote.put(object, body)
      return { status: 'True', reason: 'Passed', message: 'all checks passed' }
    } catch (error) {
      const missing = /no endpoints available/.test(messageOf(error))
      return {
        status: 'False',
        reason: missing ? 'MissingEndpoints' : 'FailedDiscoveryCheck',
        message: missing
          ? `endpoints for service/${object.spec?.service?.name ?? ''} in ${JSON.stringify(object.spec?.service?.namespace ?? '')} have no addresses`
          : `failing or missing response from ${path}: ${messageOf(error)}`,
      }
    }
  }

  /** Schemas are optional: a server without OpenAPI documents is available too. */
  async function readSchemas(object: Stored<APIService>): Promise<void> {
    const { group = '', version = '' } = object.spec ?? {}
    const path = `apis/${group}/${version}`
    const read = (page: string): Promise<unknown> =>
      aggregator.fetch(object, page, 'application/json', checkTimeoutMs).then(
        ({ body }) => body,
        () => undefined,
      )
    const [v3, v2] = await Promise.all([read(`/openapi/v3/${path}`), read('/openapi/v2')])
    if (apiServiceInformer.get(object.metadata.name))
      remote.putSchemas(object, { path, v3: isV3(v3) ? v3 : undefined, v2: partOf(v2, path) })
  }

  async function report(object: Stored<APIService>, verdict: Verdict): Promise<void> {
    const present = findCondition(object.status?.conditions, 'Available')
    if (present?.status === verdict.status && present.reason === verdict.reason && present.message === verdict.message)
      return
    const update = { type: 'Available', ...verdict }
    const conditions = setCondition(object.status?.conditions, update, timestamp(clock.now()))
    try {
      const written = await client.update(apiServices, { ...object, status: { conditions } }, { subresource: 'status' })
      await apiServiceInformer.caughtUp(written)
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
  }

  const usersOf = (namespace: string | undefined, service: string | undefined): string[] =>
    apiServiceInformer
      .list()
      .filter(({ spec }) => spec?.service?.namespace === namespace && spec?.service?.name === service)
      .map(({ metadata }) => metadata.name)

  const controller = runController({
    ...context,
    name: 'apiservice-availability',
    reconcile,
    shares: [apiServiceInformer, serviceInformer, sliceInformer],
    workers: 4,
    watches: [
      watch(apiServiceInformer, ({ metadata }) => metadata.name),
      watch(serviceInformer, ({ metadata }) => usersOf(metadata.namespace, metadata.name)),
      watch(sliceInformer, ({ metadata }) =>
        usersOf(metadata.namespace, metadata.labels?.['kubernetes.io/service-name']),
      ),
    ],
  })
  return () => controller.stop()
}
