import { join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { connectionLimit } from '#main/http/connections.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import type { ControlPlane } from './control-plane.ts'
import { keptPort } from './kept-port.ts'
import { createConnectionSlots } from './network/connection-slots.ts'
import { startGateways } from './network/gateway/index.ts'
import { startIngresses } from './network/ingress/index.ts'
import { startLoadBalancers } from './network/load-balancer/index.ts'
import { startRegistry } from './registry/server.ts'
import { startUnservedNotices } from './network/unserved-notices.ts'

/** What leads from this machine's loopback into the cluster, beside the API server. */
export interface HostNetwork {
  /** `http://localhost:<port>` of the Ingress controller; undefined with simulated workers. */
  readonly ingress?: string
  /** Closes every listener. */
  stop(): Promise<void>
}

/**
 * Starts the load balancers, the controllers of Ingresses and Gateways, and the registry where one is wanted. With
 * simulated workers nothing listens; events say so.
 */
export async function startHostNetwork({
  plane,
  dir,
  simulated,
  registryPort,
  clock,
  log,
}: {
  plane: ControlPlane
  /** The cluster's folder, which keeps the Ingress controller's port and the registry's images. */
  dir: string
  simulated: boolean
  /** Where a registry of images is wanted. */
  registryPort: number | undefined
  clock: Clock
  log: Log
}): Promise<HostNetwork> {
  const context: ControllerContext = { client: plane.client, informers: plane.informers, clock, log }
  const stops = new StopStack()
  if (simulated) {
    stops.add(startUnservedNotices(context))
    const gateways = startGateways(context)
    gateways.servedAt('nowhere')
    stops.add(() => gateways.stop())
    return { stop: () => stops.stop() }
  }
  if (registryPort !== undefined)
    stops.add((await startRegistry({ folder: join(dir, 'registry'), port: registryPort, log })).stop)
  const slots = createConnectionSlots(connectionLimit(0.15))
  const gateways = startGateways(context)
  stops.add(() => gateways.stop())
  const ingresses = await startIngresses(context, {
    dial: plane.dial,
    slots,
    port: await keptPort(join(dir, 'ingress-port')),
    issueCertificate: (hosts) => plane.pki.issueServing(hosts),
    gateways,
  }).catch(async (error: unknown) => {
    await stops.stop()
    throw error
  })
  gateways.servedAt(ingresses.port)
  stops.add(ingresses.stop)
  stops.add(startLoadBalancers(context, { dial: plane.dial, slots }))
  return { ingress: `http://localhost:${ingresses.port}`, stop: () => stops.stop() }
}
