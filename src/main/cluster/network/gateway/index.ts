import { createSecureContext } from 'node:tls'
import { sleep } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import type { Condition, Secret } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import { configMaps, customResourceDefinitions, namespaces, nodes, secrets, services } from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { ensureGatewayDefinitions } from './crds/index.ts'
import {
  controllerName,
  decide,
  ownClassName,
  type GatewayDecision,
  type ListenerDecision,
  type ParentVerdict,
} from './decide.ts'
import { no, type Verdict } from './verdict.ts'
import type { AnyRoute } from './routes.ts'
import { supportedFeatures } from './features.ts'
import { tableOf, type GatewayTable } from './table.ts'
import {
  backendTlsPolicies,
  gatewayClasses,
  gatewayGroup,
  gateways,
  grpcRoutes,
  httpRoutes,
  listenerSets,
  referenceGrants,
  tlsRoutes,
  type Gateway,
  type GatewayClass,
  type ListenerSet,
  type ListenerStatus,
  type PolicyAncestorStatus,
  type RouteParentStatus,
} from './types.ts'

export interface GatewayController {
  /** What is served now. */
  table(): GatewayTable
  /**
   * Serves nothing before `port` of 127.0.0.1 is known, which statuses tell. `nowhere`: workers are simulated, and Gateways
   * are accepted, but never programmed.
   */
  servedAt(port: ServedPort): void
  stop: Stop
}

type ServedPort = number | 'nowhere'

/** Everything depends on everything else: one key decides all of it anew. */
const only = '(all)'
/** When definitions that could not be created are tried again, ms. */
const retryMs = 5_000

/**
 * Serves Gateways of classes of `slipway.dev/gateway`. The definitions of the Gateway API are created first, where they
 * are missing: what is watched exists from then on.
 */
export function startGateways(context: ControllerContext): GatewayController {
  const stopped = new AbortController()
  let running: GatewayController | undefined
  let servedPort: ServedPort | undefined
  const nothing = tableOf([])
  const starting = startDefinitions(context, stopped.signal).then(async (ready) => {
    if (!ready) return
    const hasTlsPolicies = await servesTlsPolicies(context).catch(() => false)
    if (stopped.signal.aborted) return
    running = startController(context, { hasTlsPolicies })
    if (servedPort !== undefined) running.servedAt(servedPort)
  })
  return {
    table: () => running?.table() ?? nothing,
    servedAt(port) {
      servedPort = port
      running?.servedAt(port)
    },
    async stop() {
      stopped.abort()
      await starting
      await running?.stop()
    },
  }
}

/** A definition that a user has installed may be of an earlier release, without the version that is read here. */
async function servesTlsPolicies({ client }: ControllerContext): Promise<boolean> {
  const { plural, version } = backendTlsPolicies
  const { spec } = await client.get(customResourceDefinitions, { name: `${plural}.${gatewayGroup}` })
  return spec.versions.some(({ name, served }) => name === version && served)
}

/** @returns false when stopped before the definitions could be created */
async function startDefinitions({ client, clock, log }: ControllerContext, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await ensureGatewayDefinitions(client)
      return !signal.aborted
    } catch (error) {
      log.warn('the definitions of the Gateway API cannot be created', { error: messageOf(error) })
      await sleep(clock, retryMs, signal).catch(() => undefined)
    }
  }
  return false
}

/**
 * Decides, whenever something changes, what is served and what the statuses say. The class `slipway` is made once the
 * cluster has a node; a deleted one is back at the next start.
 */
function startController(
  context: ControllerContext,
  { hasTlsPolicies }: { hasTlsPolicies: boolean },
): GatewayController {
  const { client, clock, informers } = context
  const recorder = recorderOf(context, 'gateway', 'slipway-gateway-controller')
  const shared = {
    classes: informers.share(gatewayClasses),
    gateways: informers.share(gateways),
    listenerSets: informers.share(listenerSets),
    http: informers.share(httpRoutes),
    grpc: informers.share(grpcRoutes),
    tls: informers.share(tlsRoutes),
    grants: informers.share(referenceGrants),
    configMaps: informers.share(configMaps),
    services: informers.share(services),
    secrets: informers.share(secrets),
    namespaces: informers.share(namespaces),
    nodes: informers.share(nodes),
  }
  const tlsPolicies = hasTlsPolicies ? informers.share(backendTlsPolicies) : undefined
  const certificates = new Map<string, boolean>()
  let table = tableOf([])
  let servedPort: ServedPort | undefined
  let classMade = false

  /** Whether a Secret holds a certificate with its key; found out once per revision. */
  function isCertificate({ metadata, data }: Stored<Secret>): boolean {
    const id = `${metadata.uid}/${metadata.resourceVersion}`
    const known = certificates.get(id)
    if (known !== undefined) return known
    let valid = true
    try {
      const part = (key: string): Buffer => Buffer.from(data?.[key] ?? '', 'base64')
      if (!data?.['tls.crt'] || !data['tls.key']) throw new Error('a part is missing')
      createSecureContext({ cert: part('tls.crt'), key: part('tls.key') })
    } catch {
      valid = false
    }
    if (certificates.size > 500) certificates.clear()
    certificates.set(id, valid)
    return valid
  }

  async function reconcile(): Promise<Outcome> {
    const decision = decide({
      classes: shared.classes.list(),
      gateways: shared.gateways.list(),
      listenerSets: shared.listenerSets.list(),
      httpRoutes: shared.http.list(),
      grpcRoutes: shared.grpc.list(),
      tlsRoutes: shared.tls.list(),
      grants: shared.grants.list(),
      tlsPolicies: tlsPolicies?.list() ?? [],
      configMap: (key) => shared.configMaps.get(key),
      service: (key) => shared.services.get(key),
      secret: (key) => shared.secrets.get(key),
      namespace: (name) => shared.namespaces.get(name),
      isCertificate,
    })
    table = decision.table
    if (shared.nodes.list().length === 0 || servedPort === undefined) return undefined
    await ensureClass()
    for (const gatewayClass of shared.classes.list())
      if (gatewayClass.spec.controllerName === controllerName) await writeClass(gatewayClass)
    for (const each of decision.gateways) await writeGateway(each, servedPort)
    for (const each of decision.listenerSets) await writeListenerSet(each, servedPort)
    for (const each of decision.routes) await writeAnyRoute(each)
    for (const each of decision.tlsPolicies) await writePolicy(each)
    return undefined
  }

  async function ensureClass(): Promise<void> {
    if (classMade || shared.classes.get(ownClassName)) return
    try {
      await client.create(gatewayClasses, {
        metadata: { name: ownClassName },
        spec: { controllerName, description: 'Gateways at a port of 127.0.0.1, by Slipway' },
      })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    classMade = true
  }

  const conditionsOf = (
    object: KubeObject,
    present: readonly Condition[] | undefined,
    verdicts: readonly Verdict[],
  ): Condition[] =>
    verdicts.map((verdict) =>
      withTransitionTime<Condition>(
        present,
        { ...verdict, observedGeneration: object.metadata.generation ?? 1 },
        timestamp(clock.now()),
      ),
    )

  async function writeClass(gatewayClass: Stored<GatewayClass>): Promise<void> {
    const verdict: Verdict = gatewayClass.spec.parametersRef
      ? { type: 'Accepted', status: 'False', reason: 'InvalidParameters', message: 'There are no parameters' }
      : { type: 'Accepted', status: 'True', reason: 'Accepted', message: `Served by ${controllerName}` }
    const status = {
      conditions: conditionsOf(gatewayClass, gatewayClass.status?.conditions, [verdict]),
      supportedFeatures: [...supportedFeatures],
    }
    if (jsonEqual(status, gatewayClass.status)) return
    await shared.classes.caughtUp(await client.updateStatus(gatewayClasses, { ...gatewayClass, status }))
  }

  async function writeGateway(
    { gateway, verdicts, listeners, attachedListenerSets }: GatewayDecision['gateways'][number],
    port: ServedPort,
  ): Promise<void> {
    const told = toldAt(port, verdicts)
    const isProgrammed = told.every(({ status }) => status === 'True')
    const status: Gateway['status'] = {
      addresses: isProgrammed ? [{ type: 'IPAddress', value: '127.0.0.1' }] : [],
      conditions: conditionsOf(gateway, gateway.status?.conditions, told),
      listeners: listenerStatuses(gateway, listeners),
      attachedListenerSets,
    }
    if (jsonEqual(status, gateway.status)) return
    await shared.gateways.caughtUp(await client.updateStatus(gateways, { ...gateway, status }))
    const [accepted] = verdicts
    if (isProgrammed) recorder.event(gateway, 'Normal', 'Programmed', `Served at http://localhost:${port}`)
    else recorder.event(gateway, 'Warning', 'NotProgrammed', told.find((one) => one.status === 'False')?.message ?? '')
    if (accepted?.reason === 'ListenersNotValid')
      recorder.event(gateway, 'Warning', 'ListenersNotValid', accepted.message)
  }

  const listenerStatuses = (object: Gateway | ListenerSet, listeners: readonly ListenerDecision[]): ListenerStatus[] =>
    listeners.map(({ judged, attachedRoutes }) => ({
      name: judged.listener.name,
      supportedKinds: judged.kinds.map((kind) => ({ group: gatewayGroup, kind })),
      attachedRoutes,
      conditions: conditionsOf(
        object,
        object.status?.listeners?.find(({ name }) => name === judged.listener.name)?.conditions,
        judged.verdicts,
      ),
    }))

  async function writeListenerSet(
    { set, verdicts, listeners }: GatewayDecision['listenerSets'][number],
    port: ServedPort,
  ): Promise<void> {
    const status = {
      conditions: conditionsOf(set, set.status?.conditions, toldAt(port, verdicts)),
      listeners: listenerStatuses(set, listeners),
    }
    if (jsonEqual(status, set.status)) return
    await shared.listenerSets.caughtUp(await client.updateStatus(listenerSets, { ...set, status }))
  }

  /** Other controllers' entries are left as they are; those of parents that are no longer ours go. */
  async function writeRoute(
    route: AnyRoute['route'],
    parents: readonly ParentVerdict[],
    write: (status: { parents: RouteParentStatus[] }) => Promise<unknown>,
  ): Promise<void> {
    const present = route.status?.parents ?? []
    const own = present.filter((one) => one.controllerName === controllerName)
    if (own.length === 0 && parents.length === 0) return
    const next: RouteParentStatus[] = [
      ...present.filter((one) => one.controllerName !== controllerName),
      ...parents.map(({ parentRef, verdicts }) => ({
        parentRef,
        controllerName,
        conditions: conditionsOf(route, own.find((one) => jsonEqual(one.parentRef, parentRef))?.conditions, verdicts),
      })),
    ]
    if (!jsonEqual(next, present)) await write({ parents: next })
  }

  /** Other controllers' entries are left as they are. */
  async function writePolicy({ policy, verdicts, gateways }: GatewayDecision['tlsPolicies'][number]): Promise<void> {
    const present = policy.status?.ancestors ?? []
    const own = present.filter((one) => one.controllerName === controllerName)
    if (own.length === 0 && gateways.length === 0) return
    const ancestors: PolicyAncestorStatus[] = [
      ...present.filter((one) => one.controllerName !== controllerName),
      // As many as a status may have.
      ...gateways.slice(0, 16).map((key) => {
        const [namespace = '', name = ''] = key.split('/')
        const ancestorRef = { group: gatewayGroup, kind: 'Gateway', namespace, name }
        const before = own.find((one) => jsonEqual(one.ancestorRef, ancestorRef))?.conditions
        return { ancestorRef, controllerName, conditions: conditionsOf(policy, before, verdicts) }
      }),
    ]
    if (jsonEqual(ancestors, present)) return
    await tlsPolicies?.caughtUp(await client.updateStatus(backendTlsPolicies, { ...policy, status: { ancestors } }))
  }

  function writeAnyRoute({ any, parents }: GatewayDecision['routes'][number]): Promise<void> {
    switch (any.kind) {
      case 'HTTPRoute':
        return writeRoute(any.route, parents, async (status) =>
          shared.http.caughtUp(await client.updateStatus(httpRoutes, { ...any.route, status })),
        )
      case 'GRPCRoute':
        return writeRoute(any.route, parents, async (status) =>
          shared.grpc.caughtUp(await client.updateStatus(grpcRoutes, { ...any.route, status })),
        )
      case 'TLSRoute':
        return writeRoute(any.route, parents, async (status) =>
          shared.tls.caughtUp(await client.updateStatus(tlsRoutes, { ...any.route, status })),
        )
    }
  }

  const all = (): string => only
  /** Specs matter, and statuses that others have written; what this controller wrote is found to be equal. */
  const controller = runController({
    ...context,
    name: 'gateway',
    reconcile,
    shares: [...Object.values(shared), ...(tlsPolicies ? [tlsPolicies] : [])],
    watches: [
      watch(shared.classes, all),
      watch(shared.gateways, all),
      watch(shared.listenerSets, all),
      watch(shared.http, all),
      watch(shared.grpc, all),
      watch(shared.tls, all),
      watch(shared.grants, all),
      ...(tlsPolicies ? [watch(tlsPolicies, all)] : []),
      watch(shared.configMaps, all, (before, after) => before.data?.['ca.crt'] !== after.data?.['ca.crt']),
      watch(shared.services, all, (before, after) => !jsonEqual(before.spec, after.spec)),
      watch(shared.secrets, all),
      watch(shared.namespaces, all, (before, after) => !jsonEqual(before.metadata.labels, after.metadata.labels)),
      watch(shared.nodes, all, () => false),
    ],
  })

  return {
    table: () => table,
    servedAt(port) {
      servedPort = port
      controller.enqueue(only)
    },
    stop: () => controller.stop(),
  }
}

/** With where it is served; programmed is only what something listens for. */
function toldAt(port: ServedPort, verdicts: readonly Verdict[]): Verdict[] {
  const isSound = verdicts.every(({ status }) => status === 'True')
  return verdicts.map((verdict) =>
    verdict.type !== 'Programmed' || !isSound
      ? verdict
      : port === 'nowhere'
        ? no('Programmed', 'NoResources', 'Workers are simulated: nothing listens on 127.0.0.1 for it')
        : { ...verdict, message: `Served at http://localhost:${port}, and its hosts at the same port` },
  )
}
