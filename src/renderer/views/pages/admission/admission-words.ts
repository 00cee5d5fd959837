import type { MatchResources, NamedRuleWithOperations } from '#shared/kube/generated/types.ts'
import { selectorText } from '../../../kinds/cells.ts'
import { listText } from '../../../texts/format.ts'
import { t } from '../../../texts/index.ts'

/** Which requests are meant, a sentence for each rule: `CREATE and UPDATE of deployments.apps`. */
export function matchWords(match: MatchResources | undefined): string[] {
  const rules = match?.resourceRules ?? []
  const spaces = selectorText(match?.namespaceSelector)
  const objects = selectorText(match?.objectSelector)
  return [
    ...(rules.length === 0 ? [t('pages.admission.every')] : rules.map(ruleText)),
    ...(match?.excludeResourceRules ?? []).map((rule) => t('pages.admission.except', { what: ruleText(rule) })),
    ...(spaces === '' ? [] : [t('pages.admission.namespaces', { selector: spaces })]),
    ...(objects === '' ? [] : [t('pages.admission.objects', { selector: objects })]),
  ]
}

function ruleText({
  apiGroups = [],
  operations = [],
  resources = [],
  resourceNames = [],
}: NamedRuleWithOperations): string {
  const groups = apiGroups.length === 0 || apiGroups.includes('*') ? [''] : apiGroups
  const what = resources.flatMap((resource) =>
    resource === '*'
      ? [t('pages.admission.anything')]
      : groups.map((group) => (group ? `${resource}.${group}` : resource)),
  )
  const names = resourceNames.length > 0 ? ` (${resourceNames.join(', ')})` : ''
  const does = operations.includes('*') ? [t('pages.admission.anyOperation')] : operations
  return t('pages.admission.of', { operations: listText(does), what: listText([...new Set(what)]) + names })
}
