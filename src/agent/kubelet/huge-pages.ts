import { readdirSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { Pod } from '#shared/kube/generated/types.ts'
import { isQuantity, quantityValue } from '#shared/kube/quantity.ts'
import { MountFailed } from './mount-failed.ts'

/** Huge pages of the machine: bytes by the name of the node's resource, `hugepages-2Mi`. Workers of one machine share them. */
export function hugePagesOf(folder = '/sys/kernel/mm/hugepages'): Record<string, number> {
  try {
    return Object.fromEntries(
      readdirSync(folder).flatMap((name) => {
        const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? NaN)
        if (Number.isNaN(kilobytes)) return []
        const pages = Number(readFileSync(`${folder}/${name}/nr_hugepages`, 'utf8'))
        return [[`${prefix}${sizeText(kilobytes)}`, pages * kilobytes * 1_024]]
      }),
    )
  } catch {
    // A kernel without them.
    return {}
  }
}

/**
 * What pods get of a worker's memory, bytes: huge pages of the machine are memory that no other process gets. A worker whose
 * limit is below the rest of the machine has all of its limit.
 */
export function memoryBeside(
  hugePages: Readonly<Record<string, number>>,
  memoryBytes: number,
  machineBytes = totalmem(),
): number {
  const inPages = Object.values(hugePages).reduce((sum, bytes) => sum + bytes, 0)
  return Math.max(0, Math.min(memoryBytes, machineBytes - inPages))
}

/**
 * Options of the hugetlbfs of an `emptyDir` with the medium `HugePages` or `HugePages-<size>`.
 * @throws MountFailed in Kubernetes' words where the pod has no such pages
 */
export function hugePagesMount({ spec }: Pod, medium: string): string {
  const requested = new Set(
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].flatMap(({ resources }) =>
      Object.keys(resources?.requests ?? resources?.limits ?? {}).filter((name) => name.startsWith(prefix)),
    ),
  )
  const named = medium.startsWith('HugePages-') ? medium.slice('HugePages-'.length) : undefined
  if (named !== undefined && (!isQuantity(named) || !requested.has(`${prefix}${named}`)))
    throw new MountFailed(`medium ${medium} resource is not requested by any container of the pod`)
  const [only, ...others] = [...requested]
  if (only === undefined) throw new MountFailed('no hugepages resource is requested by any container of the pod')
  if (named === undefined && others.length > 0)
    throw new MountFailed('medium HugePages can be used with one size of pages alone: say HugePages-<size>')
  return `pagesize=${quantityValue(named ?? only.slice(prefix.length))}`
}

const prefix = 'hugepages-'

const sizeText = (kilobytes: number): string =>
  kilobytes % 2 ** 20 === 0
    ? `${kilobytes / 2 ** 20}Gi`
    : kilobytes % 1_024 === 0
      ? `${kilobytes / 1_024}Mi`
      : `${kilobytes}Ki`
