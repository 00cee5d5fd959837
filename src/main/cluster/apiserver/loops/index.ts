import type { Clock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import type { ResourceTable } from '../api/resources.ts'
import type { CustomKinds } from '../custom/custom-kinds.ts'
import type { RemoteGroups } from '../discovery/remote-groups.ts'
import { startAvailability } from './availability.ts'
import { startCustomGroups } from './custom-groups.ts'
import { startDanglingFlowSchemas } from './dangling-flow-schemas.ts'
import { startDefinitions } from './definitions.ts'
import { startServiceAddresses } from './service-addresses.ts'
import { startTypeChecking } from './type-checking.ts'

export interface LoopsOptions {
  /** Acts as the API server. */
  client: Client
  clock: Clock
  log: Log
  resources: ResourceTable
  custom: CustomKinds
  aggregator: Aggregator
  remote: RemoteGroups
}

/** Starts the controllers that run within an API server, as they do within kube-apiserver. */
export function startLoops({ client, clock, log, resources, custom, aggregator, remote }: LoopsOptions): Stop {
  const stops = new StopStack()
  const informers = createSharedInformers({ client, clock, log })
  stops.add(() => informers.stop())
  const context = { client, informers, clock, log }
  stops.add(startDefinitions(context, { custom }))
  stops.add(startTypeChecking(context, { resources }))
  stops.add(startAvailability(context, { aggregator, remote }))
  stops.add(startCustomGroups(context))
  stops.add(startServiceAddresses(context))
  stops.add(startDanglingFlowSchemas(context))
  return () => stops.stop()
}
