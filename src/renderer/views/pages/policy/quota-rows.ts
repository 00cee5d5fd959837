import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { isQuantity, quantityNumber } from '#shared/kube/quantity.ts'
import { t } from '../../../texts/index.ts'

/** One limit of a quota. */
export interface QuotaRow {
  resource: string
  /** `2 of 4` */
  text: string
  use: number
  limit: number
}

/** How much of each limit is used, the scarcest first. */
export function quotaRows({ spec, status }: ResourceQuota): QuotaRow[] {
  return Object.entries(status?.hard ?? spec?.hard ?? {})
    .map(([resource, hard]) => {
      const used = status?.used?.[resource] ?? '0'
      return { resource, text: t('pages.node.of', { used, all: hard }), use: number(used), limit: number(hard) }
    })
    .sort((a, b) => b.use / (b.limit || 1) - a.use / (a.limit || 1) || a.resource.localeCompare(b.resource))
}

const number = (amount: string): number => (isQuantity(amount) ? quantityNumber(amount) : 0)
