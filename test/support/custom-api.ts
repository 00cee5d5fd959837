import { kinds } from '#main/cluster/apiserver/kinds/index.ts'
import { startDefinitions } from '#main/cluster/apiserver/loops/definitions.ts'
import { systemClock } from '#shared/base/clock.ts'
import type { StopStack } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { startApiServer, type TestApiServer, type TestApiServerOptions } from './api-server.ts'

/** An API server of all kinds that serves what CustomResourceDefinitions define. `stops` ends it. */
export async function startCustomApi(stops: StopStack, options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const api = await startApiServer({ kinds, ...options })
  stops.add(() => api.stop())
  const context = { client: api.client, clock: systemClock, log: silentLog }
  const informers = createSharedInformers(context)
  stops.add(() => informers.stop())
  stops.add(startDefinitions({ ...context, informers }, { custom: api.server.custom }))
  return api
}
