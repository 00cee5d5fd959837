import type { Service } from '#shared/kube/generated/types.ts'
import type { Wire } from '../../../api/wire.ts'

/** Warnings about a Service that is valid but has fields that are ignored or deprecated. */
export function serviceWarnings({ spec = {} }: Wire<Service>): string[] {
  const warnings: string[] = []
  const isExternalName = spec.type === 'ExternalName'
  if (spec.externalIPs?.length)
    warnings.push(
      isExternalName
        ? 'spec.externalIPs is ignored when spec.type is "ExternalName"'
        : 'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    )
  if (!isExternalName && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
