import type { Step } from '#shared/contract/clusters.ts'
import { stepTitles } from '#shared/contract/step-titles.ts'
import { t } from '../texts/index.ts'

/** What a step is called in the language of the window; as the back calls it where the back is newer. */
export function titleOf({ title }: Pick<Step, 'title'>): string {
  const name = names.find((name) => stepTitles[name] === title)
  return name ? t(`home.steps.titles.${name}`) : title
}
const names = Object.keys(stepTitles) as (keyof typeof stepTitles)[]
