import type { ResourceQuota } from '#shared/kube/generated/types.ts'
import { amountOf } from '../overview/pod-resources.ts'
import { t } from '../texts/index.ts'
import type { Explanation } from './explanation.ts'

export interface QuotaShare {
  resource: string
  used: string
  hard: string
  /** Used of hard. */
  share: number
}

/** How much of each resource of a quota is used, the scarcest first. A limit of 0 forbids, and is never full. */
export function quotaShares({
  hard = {},
  used = {},
}: { hard?: Record<string, string>; used?: Record<string, string> } = {}): QuotaShare[] {
  return Object.entries(hard)
    .map(([resource, most]) => {
      const [amount, limit] = [used[resource] ?? '0', amountOf(most) ?? 0]
      return { resource, used: amount, hard: most, share: limit > 0 ? (amountOf(amount) ?? 0) / limit : 0 }
    })
    .sort((a, b) => b.share - a.share)
}

/** What a quota allows no more of; undefined where something is left of everything. */
export function explainQuota({ status }: ResourceQuota): Explanation | undefined {
  const full = quotaShares(status).filter(({ share }) => share >= 1)
  if (full.length === 0) return undefined
  const [first = '', ...why] = full.map(({ resource, used, hard }) => t('explain.quota.full', { resource, used, hard }))
  return {
    tone: 'warn',
    state: t('explain.quota.state'),
    sentence: first,
    why,
    tries: [{ text: t('explain.quota.try'), action: 'edit' }],
  }
}
