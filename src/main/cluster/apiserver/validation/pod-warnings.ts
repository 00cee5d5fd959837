import type { Container, PodSpec } from '#shared/kube/generated/types.ts'
import { parseQuantity } from '#shared/kube/quantity.ts'
import type { Wire } from '../api/wire.ts'

/**
 * Returns warnings about a pod spec that is valid but probably a mistake. @param field `spec`, or `spec.template.spec`
 * of a workload
 */
export function podWarnings(spec: Wire<PodSpec> | undefined, field: string): string[] {
  const warnings: string[] = []
  for (const list of ['initContainers', 'containers'] as const)
    spec?.[list]?.forEach((container, i) => {
      addContainerWarnings(container, `${field}.${list}[${i}]`, warnings)
    })
  const addresses = new Set<string>()
  spec?.hostAliases?.forEach(({ ip = '' }, i) => {
    if (addresses.has(ip)) warnings.push(`${field}.hostAliases[${i}].ip: duplicate ip "${ip}"`)
    addresses.add(ip)
  })
  if (spec?.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0)
    warnings.push(
      `${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  return warnings
}

const bytes = ['memory', 'ephemeral-storage']

function addContainerWarnings({ env, resources }: Wire<Container>, field: string, warnings: string[]): void {
  const names = new Set<string>()
  env?.forEach(({ name = '', value }, i) => {
    // A variable may extend an earlier one of the same name.
    if (names.has(name) && !value?.includes(`$(${name})`))
      warnings.push(`${field}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`)
    names.add(name)
  })
  for (const side of ['limits', 'requests'] as const)
    for (const name of bytes) {
      const quantity = resources?.[side]?.[name]
      if (quantity !== undefined && parseQuantity(quantity).nano % 1_000_000_000n !== 0n)
        warnings.push(
          `${field}.resources.${side}[${name}]: fractional byte value "${quantity}" is invalid, must be an integer`,
        )
    }
}
