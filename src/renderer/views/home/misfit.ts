import { budgetOf } from '#shared/contract/budget.ts'
import type { Cluster, ClusterSpec, Engine } from '#shared/contract/clusters.ts'
import { memoryText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'

/** Why a cluster that is about to be made or started does not fit beside those that run; undefined where it does. */
export function misfitOf(
  clusters: readonly Cluster[],
  engine: Engine | undefined,
  spec: ClusterSpec,
): string | undefined {
  const { exceedsMemory, memoryBytes, machine } = budgetOf(clusters, engine, spec)
  if (!exceedsMemory || !machine || spec.simulated === true || spec.workers === 0) return undefined
  return t('home.machine.misfit', {
    name: spec.name,
    memory: memoryText(memoryBytes),
    all: memoryText(machine.memoryBytes),
  })
}
