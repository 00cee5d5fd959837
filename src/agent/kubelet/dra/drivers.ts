import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import { resourceSlices } from '#shared/kube/resources.ts'
import { unixService } from '../csi/grpc.ts'
import type { Plugin, PluginHandler } from '../csi/plugin-watcher.ts'
import { draPackage, draProto, draServices, type DraCalls, type DraService } from './protocol.ts'

/** A registered driver of devices. */
export interface DraDriver {
  /** @throws RpcFailed */
  call<Name extends keyof DraCalls>(method: Name, request: DraCalls[Name]['request']): Promise<DraCalls[Name]['answer']>
}

export interface DraDrivers {
  readonly handler: PluginHandler
  /** @throws Error while no driver of this name is registered */
  get(name: string): DraDriver
  /** Removes what earlier drivers have told of this node: they tell it again. @returns the stop of later removals */
  start(): Stop
}

/** Longest time of one call, ms (kubelet: defaultClientCallTimeout). */
const timeoutMs = 45_000
/** How long a driver may be away before its devices are no longer offered, ms (kubelet: defaultWipingDelay). */
const wipingDelayMs = 30_000
const retryMs = 5_000

const services = new Map(
  draServices.map((service) => [service, unixService<DraCalls>(draProto(service), `${draPackage(service)}.DRAPlugin`)]),
)

/** The drivers of devices of this node (pkg/kubelet/cm/dra/plugin). */
export function createDraDrivers({
  client,
  nodeName,
  clock,
  log,
  onRegistered,
}: {
  client: Client
  nodeName: string
  clock: Clock
  log: Log
  /** Pods that wait for the driver can go on. */
  onRegistered?(): void
}): DraDrivers {
  /** By name, in the order of their registration: more than one while a driver is replaced. */
  const drivers = new Map<string, (DraDriver & { endpoint: string })[]>()
  const wipes = new Map<string, Stop>()
  let stopped = false

  async function wipe(driver?: string): Promise<void> {
    const fieldSelector = [`spec.nodeName=${nodeName}`, ...(driver === undefined ? [] : [`spec.driver=${driver}`])]
    const { items } = await client.list(resourceSlices, { fieldSelector: fieldSelector.join(',') })
    for (const { metadata } of items)
      await client
        .delete(resourceSlices, { name: metadata.name }, { preconditions: { uid: metadata.uid } })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error
        })
  }
  /** @param delayMs until the first try */
  function wipeLater(driver: string, delayMs: number): void {
    const stop = clock.after(delayMs, () => {
      wipes.delete(driver)
      if (stopped) return
      wipe(driver === everyDriver ? undefined : driver).catch((error: unknown) => {
        log.warn('ResourceSlices are not removed', { driver, error: messageOf(error) })
        if (!drivers.has(driver)) wipeLater(driver, retryMs)
      })
    })
    wipes.set(driver, stop)
  }

  return {
    handler: {
      register({ name, endpoint, versions }) {
        const call = callsOf(endpoint, serviceOf({ name, endpoint, versions }))
        const others = (drivers.get(name) ?? []).filter((other) => other.endpoint !== endpoint)
        drivers.set(name, [...others, { endpoint, call }])
        void wipes.get(name)?.()
        wipes.delete(name)
        onRegistered?.()
        return Promise.resolve()
      },
      deregister({ name, endpoint }) {
        const left = (drivers.get(name) ?? []).filter((other) => other.endpoint !== endpoint)
        if (left.length > 0) drivers.set(name, left)
        else if (drivers.delete(name)) wipeLater(name, wipingDelayMs)
        return Promise.resolve()
      },
    },
    get(name) {
      const driver = drivers.get(name)?.at(-1)
      if (!driver) throw new Error(`DRA driver ${name} is not registered`)
      return driver
    },
    start() {
      wipeLater(everyDriver, 0)
      return () => {
        stopped = true
        for (const stop of wipes.values()) void stop()
      }
    },
  }
}

/** No driver's name. */
const everyDriver = ''

/** @throws Error that the driver is told */
function serviceOf({ name, endpoint, versions }: Pick<Plugin, 'name' | 'endpoint' | 'versions'>): DraService {
  const found = draServices.find((service) => versions.includes(service))
  if (found) return found
  const why =
    versions.length === 0
      ? 'empty list of supported gRPC services (aka supported versions)'
      : `none of services supported by the plugin (${quoted(versions)}) are supported by the kubelet (${quoted(draServices)})`
  throw new Error(`invalid supported gRPC versions of DRA driver plugin ${name} at endpoint ${endpoint}: ${why}`)
}

const quoted = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`

const callsOf =
  (endpoint: string, service: DraService): DraDriver['call'] =>
  (method, request) => {
    const calls = services.get(service)
    if (!calls) throw new Error(`no client for ${service}`)
    return calls.call(endpoint, method, request, timeoutMs)
  }
