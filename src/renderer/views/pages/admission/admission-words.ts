import type { MatchResources, NamedRuleWithOperations, ParamRef } from '#shared/kube/generated/types.ts'
import { selectorText } from '../../../kinds/cells.ts'
import { listText } from '../../../texts/format.ts'
import { t } from '../../../texts/index.ts'

/** Which requests are meant, a sentence for each rule: `CREATE and UPDATE of deployments.apps`. */
export const matchWords = (match: MatchResources | undefined): string[] => wordsOf(match, t('pages.admission.every'))

/** The same of a binding, which without rules narrows nothing. */
export const boundWords = (match: MatchResources | undefined): string[] =>
  wordsOf(match, t('pages.admission.allOfPolicy'))

/** What happens to a request that does not comply. */
export const actionsText = (actions: readonly string[]): string =>
  listText(
    actions.map((action) =>
      action === 'Deny'
        ? t('pages.admission.actions.deny')
        : action === 'Warn'
          ? t('pages.admission.actions.warn')
          : t('pages.admission.actions.audit'),
    ),
  )

export const parametersText = ({ namespace, name = '*' }: ParamRef): string =>
  [namespace, name].filter(Boolean).join('/')

function wordsOf(match: MatchResources | undefined, everything: string): string[] {
  const rules = match?.resourceRules ?? []
  const spaces = selectorText(match?.namespaceSelector)
  const objects = selectorText(match?.objectSelector)
  return [
    ...(rules.length === 0 ? [everything] : rules.map(ruleText)),
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
