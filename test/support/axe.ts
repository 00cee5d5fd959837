import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** Rules of WCAG 2.2 AA, and axe's best practices. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

export interface Violation {
  id: string
  help: string
  /** The start of each element's HTML. */
  at: string[]
}

/** What axe finds in the page as it is now. @param without selectors of parts that another test looks at */
export async function violationsOf(page: Page, { without = [] }: { without?: string[] } = {}): Promise<Violation[]> {
  let builder = new AxeBuilder({ page }).withTags(tags)
  for (const selector of without) builder = builder.exclude(selector)
  const { violations } = await builder.analyze()
  return violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html.slice(0, 200)) }))
}

/** Expects no violation of the page as it is now. */
export async function expectAccessible(page: Page, options?: { without?: string[] }): Promise<void> {
  expect(await violationsOf(page, options)).toEqual([])
}
