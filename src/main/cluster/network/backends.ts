import type { Duplex } from 'node:stream'
import { EdgeError } from '#main/http/edge.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Balancer } from './balancer.ts'
import { endpointsOf, servicePortOf } from './endpoints.ts'
import type { Backend } from './ingress/routes.ts'
import { affinityMs } from './load-balancer/decide.ts'

/** Connects to the Services that Ingresses and routes name. */
export interface Backends {
  /** @param client address of the client, which session affinity goes by @throws EdgeError 503 */
  connect(backend: Backend, client: string): Promise<Duplex>
}

export interface BackendsOptions {
  services: Pick<Informer<Service>, 'get'>
  /** With the index `service`. */
  slices: Pick<Informer<EndpointSlice>, 'byIndex'>
  balancer: Balancer
}

/** Endpoints are looked up at each connection, so that their changes cost nothing. */
export function createBackends({ services, slices, balancer }: BackendsOptions): Backends {
  return {
    async connect(backend, client) {
      const key = `${backend.namespace}/${backend.service}`
      const service = services.get(key)
      if (!service) throw new EdgeError(503, `there is no Service ${key}`)
      const port = servicePortOf(service, backend.port)
      if (!port)
        throw new EdgeError(503, `Service ${key} has no port ${backend.port.name ?? backend.port.number ?? ''}`)
      const endpoints = endpointsOf(port, slices.byIndex('service', key))
      if (endpoints.length === 0) throw new EdgeError(503, `Service ${key} has no ready endpoints`)
      try {
        return await balancer.connect({ endpoints, client: `${key} ${client}`, affinityMs: affinityMs(service) })
      } catch (error) {
        throw new EdgeError(503, `no endpoint of Service ${key} can be reached: ${messageOf(error)}`)
      }
    },
  }
}
