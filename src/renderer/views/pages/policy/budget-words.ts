import type { PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import { selectorText } from '../../../kinds/cells.ts'
import { t } from '../../../texts/index.ts'

/** What a budget allows, in sentences: the rule, how many may go now, and what holds for pods that are unwell. */
export function budgetWords({ spec = {}, status = {} }: PodDisruptionBudget): string[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec
  if (!selector) return [t('pages.budget.noPods')]
  const which = selectorText(selector)
  const pods = which === '' ? t('pages.budget.allPods') : t('pages.budget.podsWith', { selector: which })
  const rule =
    maxUnavailable !== undefined
      ? t('pages.budget.most', { amount: String(maxUnavailable), pods })
      : minAvailable !== undefined
        ? t('pages.budget.least', { amount: String(minAvailable), pods })
        : t('pages.budget.noAmount')
  return [
    rule,
    t('pages.budget.now', { n: status.disruptionsAllowed ?? 0 }),
    t(unhealthyPodEvictionPolicy === 'AlwaysAllow' ? 'pages.budget.unwellGo' : 'pages.budget.unwellStay'),
  ]
}
