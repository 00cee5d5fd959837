import { expect, type Locator, type Page } from '@playwright/test'

/**
 * Presses an action of an object in its drawer or on its page: a button, or an entry of the menu for what has no room.
 * @param where holds the actions of that object alone
 */
export async function pressAction(page: Page, where: Locator, action: string | RegExp): Promise<void> {
  const button = where.getByRole('button', { name: action })
  const more = where.getByRole('button', { name: /^More for / })
  // How many fit is measured once the actions are there.
  await expect(async () => {
    await more.waitFor({ timeout: 10_000 })
    if (await button.first().isVisible()) return button.first().click({ timeout: 2_000 })
    await more.click({ timeout: 2_000 })
    await page.getByRole('menuitem', { name: action }).click({ timeout: 2_000 })
  }).toPass({ timeout: 60_000 })
}
