import { expect, test, type Page } from '@playwright/test'
import { settingsSaved } from '../support/settings-saved.ts'
import { createKubectl } from '../support/kubectl.ts'
import { serveSlipway, slipwayUp, type Slipway } from '../support/slipway.ts'

/** What the settings change, seen where it shows; theme, language and keys have their tests in shell.spec.ts. */
test.describe.configure({ mode: 'serial' })

const cluster = `settings-${process.pid}`
let slipway: Slipway
let page: Page
let home: string

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--workers', '0'] })
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
})
test.afterAll(() => slipway?.end())

const go = (path: string) => page.goto(`${home}#${path}`)

test('the density changes the height of rows', async () => {
  for (const [density, height] of [
    ['Compact', 24],
    ['Roomy', 32],
    ['Normal', 28],
  ] as const) {
    await go('/settings/appearance')
    await page.getByRole('radio', { name: density }).click()
    await go(`/c/local:${cluster}/configmaps`)
    const row = page.locator('[data-row]').first()
    await expect.poll(async () => Math.round((await row.boundingBox())?.height ?? 0)).toBe(height)
  }
})

test('a number out of its range is not saved, and says which it may be; one within is', async () => {
  await go('/settings/logs')
  const lines = page.getByRole('textbox', { name: 'Lines kept per view' })
  const before = await lines.inputValue()
  await lines.fill('12')
  await expect(lines).toHaveAttribute('aria-invalid', 'true')
  await lines.blur()
  await page.reload()
  await expect(lines).toHaveValue(before)
  await lines.fill('20000')
  await lines.blur()
  await page.getByRole('textbox', { name: 'Font size of terminals' }).fill('18')
  await page.getByRole('textbox', { name: 'Font size of terminals' }).blur()
  await settingsSaved(page)
  await page.reload()
  await expect(lines).toHaveValue('20000')
  await expect(page.getByRole('textbox', { name: 'Font size of terminals' })).toHaveValue('18')
})

test('the folder of the data and the engine in use are told', async () => {
  await expect(page.getByText(slipway.data, { exact: true })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Docker Engine' })).toContainText(/In use|No answer|Not found/i)
})

test('the default namespace is shown first where a kubeconfig names none', async ({ browser }) => {
  const admin = createKubectl(slipway.kubeconfig)
  const context = (await admin.ok('config', 'current-context')).trim()
  const app = await serveSlipway({ kubeconfig: slipway.kubeconfig })
  try {
    const other = await (await browser.newContext()).newPage()
    await other.goto(app.url)
    await other.goto(`${new URL('/', app.url).href}#/settings/contexts`)
    const field = other.getByRole('textbox', { name: 'Default namespace' })
    await field.fill('Not A Name')
    await expect(field).toHaveAttribute('aria-invalid', 'true')
    await field.fill('kube-system')
    await field.blur()
    await other.goto(`${new URL('/', app.url).href}#/`)
    await other
      .getByRole('main')
      .getByRole('button', { name: `Open ${context}` })
      .click()
    await expect(other.getByRole('button', { name: /^Namespaces:/ })).toContainText('kube-system')
  } finally {
    await app.end()
  }
})

test('the skip link leads past the frame to the page', async () => {
  await go(`/c/local:${cluster}/configmaps`)
  await expect(page.locator('[data-row]').first()).toBeVisible()
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
  })
  const skip = page.getByRole('link', { name: 'Skip to the content' })
  await skip.focus()
  await expect(skip).toBeInViewport()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
})
