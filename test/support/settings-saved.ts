import { expect, type Page } from '@playwright/test'

/** Waits until the app has what was changed in the page, which shows it at once: a page that is left may take a change along. */
export async function settingsSaved(page: Page): Promise<void> {
  await expect(page.locator('html[data-saving]')).toHaveCount(0)
}
