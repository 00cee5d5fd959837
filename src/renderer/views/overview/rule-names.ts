import { overview } from '../../texts/en/overview.ts'
import { t } from '../../texts/index.ts'

/** The name of a rule for attention in the user's language. */
export const ruleName = (id: string): string => (isNamed(id) ? t(`overview.attention.rules.${id}`) : id)

const isNamed = (id: string): id is keyof typeof overview.attention.rules => Object.hasOwn(overview.attention.rules, id)
