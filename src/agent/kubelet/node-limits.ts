import { totalmem } from 'node:os'
import type { Stop } from '#shared/base/disposable.ts'
import type { Cgroups } from './stats/cgroup.ts'

/** The limits of this worker's container, which the engine of the host may change while it runs. */
export interface NodeLimits {
  /** Reads them anew. */
  refresh(): void
  /** Bytes; undefined where the worker may use all of its machine's memory. */
  memory(): number | undefined
  onChange(listener: () => void): Stop
}

/**
 * Keeps the size of `node` at the limits of the worker's own control group; where that has none, at what it was given.
 * @param options `node`: whose fields are replaced
 */
export function followLimits({
  node,
  cgroups,
  given,
}: {
  node: { cpuMillis: number; memoryBytes: number }
  cgroups: Pick<Cgroups, 'details'>
  /** The limit of memory that the worker was made with; bytes. */
  given?: number | undefined
}): NodeLimits {
  const listeners = new Set<() => void>()
  const before = { ...node }
  let memory = given
  const refresh = (): void => {
    const { cpuLimits, memoryLimits } = cgroups.details('/') ?? {}
    const cpuMillis =
      cpuLimits && cpuLimits.quota > 0 && cpuLimits.period > 0
        ? Math.round((cpuLimits.quota / cpuLimits.period) * 1_000)
        : before.cpuMillis
    const limit = memoryLimits?.memory ? Math.min(memoryLimits.memory, totalmem()) : undefined
    memory = limit ?? given
    const memoryBytes = limit ?? before.memoryBytes
    if (cpuMillis === node.cpuMillis && memoryBytes === node.memoryBytes) return
    Object.assign(node, { cpuMillis, memoryBytes })
    for (const listener of listeners) listener()
  }
  refresh()
  return {
    refresh,
    memory: () => memory,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
