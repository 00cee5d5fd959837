import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** Rules of WCAG 2.2 AA, and axe's best practices. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** The rules whose answer the theme decides. */
const colourRules = ['color-contrast', 'link-in-text-block']

export interface Violation {
  id: string
  help: string
  /** The start of each element's HTML. */
  at: string[]
}

interface Where {
  /** Selectors of parts that another test looks at. */
  without?: string[]
}

/** What axe finds in the page as it is now. */
export const violationsOf = (page: Page, where?: Where): Promise<Violation[]> =>
  violations(page, { type: 'tag', values: tags }, where)

/** Expects no violation of the page as it is now. */
export async function expectAccessible(page: Page, where?: Where): Promise<void> {
  expect(await violationsOf(page, where)).toEqual([])
}

/** Expects no violation in either theme, the one that the page has first. Its theme is to be the system's. */
export async function expectAccessibleInBothThemes(page: Page, where?: Where): Promise<void> {
  const first = (await page.locator('html').getAttribute('data-theme')) === 'dark' ? 'dark' : 'light'
  const second = first === 'dark' ? 'light' : 'dark'
  // A page that has just been opened may still change into the theme.
  await showTheme(page, first)
  const whole = await violationsOf(page, where)
  await showTheme(page, second)
  const colours = await violations(page, { type: 'rule', values: colourRules }, where)
  expect({ [first]: whole, [second]: colours }).toEqual({ [first]: [], [second]: [] })
}

/** Shows the page in a theme; it is to follow the system's. */
export async function showTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  const root = page.locator('html')
  await expect(root).toHaveAttribute('data-theme', theme)
  await expect(root).not.toHaveAttribute('data-switching')
}

async function violations(
  page: Page,
  runOnly: { type: 'tag' | 'rule'; values: string[] },
  { without = [] }: Where = {},
): Promise<Violation[]> {
  // Halfway from the colour of a button that is off to that of one that is on, it has neither's contrast.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish()
  })
  // The page has no frames: legacy mode spares another page in which the answers of frames would be joined.
  let builder = new AxeBuilder({ page }).setLegacyMode().options({ runOnly, resultTypes: ['violations'] })
  for (const selector of without) builder = builder.exclude(selector)
  const found = await builder.analyze()
  return found.violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html.slice(0, 200)) }))
}
