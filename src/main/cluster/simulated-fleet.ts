import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { ClusterSpec } from '#shared/contract/clusters.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Fleet } from './fleet.ts'

export function createSimulatedFleet(_options: {
  plane: ControlPlane
  spec: ClusterSpec
  clock: Clock
  log: Log
}): Fleet {
  throw new Error('simulated workers are not here yet')
}
