import { customResources } from '#main/cluster/apiserver/api/stored-resources.ts'
import { snapshotDefinitions } from '#main/cluster/apiserver/bootstrap/snapshot-definitions.ts'
import { kinds } from '#main/cluster/apiserver/kinds/index.ts'
import { startDefinitions } from '#main/cluster/apiserver/loops/definitions.ts'
import { systemClock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { startApiServer } from './api-server.ts'

/** An API server with all kinds and the definitions of the snapshot API, and controllers on it. */
export interface SnapshotApi {
  client: Client
  onCustomResource(listener: (resource: Resource, served: boolean) => void): Stop
  start(run: (context: ControllerContext) => Stop): void
  stop(): Promise<void>
}

export async function startSnapshotApi(): Promise<SnapshotApi> {
  const stops = new StopStack()
  const { client, resources, server, stop } = await startApiServer({ kinds })
  stops.add(stop)
  const informers = createSharedInformers({ client, clock: systemClock, log: silentLog })
  stops.add(() => informers.stop())
  const context: ControllerContext = { client, informers, clock: systemClock, log: silentLog }
  stops.add(startDefinitions(context, { custom: server.custom }))
  for (const definition of snapshotDefinitions) await client.create(customResourceDefinitions, definition)
  return {
    client,
    onCustomResource: customResources(resources).onChange,
    start: (run) => stops.add(run(context)),
    stop: () => stops.stop(),
  }
}
