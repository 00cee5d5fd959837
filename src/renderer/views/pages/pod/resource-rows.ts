import type { ResourceRequirements } from '#shared/kube/generated/types.ts'
import { isQuantity, quantityNumber } from '#shared/kube/quantity.ts'
import type { Usage } from '../../../composables/useUsage.ts'
import { memoryText, numberText } from '../../../texts/format.ts'
import { t } from '../../../texts/index.ts'

/** One resource of a container. */
export interface ResourceRow {
  resource: string
  title: string
  /** Empty where it is not measured. */
  used: string
  /** `request 100m, limit 200m` */
  bounds: string
  /** Use, request and limit in one unit; unset where there is no use or nothing to hold it against. */
  meter?: { use: number; limit: number; request?: number | undefined }
}

/** Processors and memory first, where they are asked for or measured; then whatever else is asked for. */
export function resourceRows(resources: ResourceRequirements = {}, usage?: Usage): ResourceRow[] {
  const { requests = {}, limits = {} } = resources
  const measured: Record<string, number | undefined> = { cpu: usage?.cpu, memory: usage?.memory }
  const names = new Set([...Object.keys(measured), ...Object.keys(requests).sort(), ...Object.keys(limits).sort()])
  return [...names]
    .filter((name) => measured[name] !== undefined || requests[name] !== undefined || limits[name] !== undefined)
    .map((resource) => {
      const use = measured[resource]
      const [request, limit] = [amountOf(requests[resource]), amountOf(limits[resource])]
      const end = limit ?? request
      return {
        resource,
        title: resource === 'cpu' ? 'CPU' : resource === 'memory' ? t('pages.pod.memory') : resource,
        used: use === undefined ? '' : usedText(resource, use),
        bounds: [
          requests[resource] === undefined
            ? t('pages.pod.noRequest')
            : t('pages.pod.requestOf', { amount: requests[resource] }),
          limits[resource] === undefined
            ? t('pages.pod.noLimit')
            : t('pages.pod.limitOf', { amount: limits[resource] }),
        ].join(', '),
        // Without a limit the bar ends where the larger of request and use does.
        ...(use === undefined || end === undefined || end <= 0
          ? {}
          : { meter: { use, limit: limit ?? Math.max(end, use), request } }),
      }
    })
}

const amountOf = (amount: string | undefined): number | undefined =>
  amount !== undefined && isQuantity(amount) ? quantityNumber(amount) : undefined

const usedText = (resource: string, use: number): string =>
  resource === 'memory' ? memoryText(use) : use < 1 ? `${Math.round(use * 1_000)}m` : numberText(use, 2)
