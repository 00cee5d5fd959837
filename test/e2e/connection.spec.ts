import { expect, test } from '@playwright/test'
import { serveSlipway } from '../support/slipway.ts'

/** A page outlives the app that serves it: it says so, and what to do. */
test('a page is told that the app is gone, and that its session has ended when the app is back', async ({ page }) => {
  const first = await serveSlipway()
  await page.goto(first.url)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)

  await first.end('SIGKILL')
  await expect(page.getByRole('alert')).toContainText('Slipway does not answer')

  const second = await serveSlipway({ data: first.data, port: Number(new URL(first.url).port) })
  await expect(page.getByRole('alert')).toContainText('this page’s session has ended')

  await page.goto(second.url)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)
  await second.end()
})
