import { expect, test, type Page } from '@playwright/test'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The frame of the window: deep links, the palette, settings, keys, narrow windows, and its accessibility. */
test.describe.configure({ mode: 'serial' })

const cluster = `shell-${process.pid}`
let slipway: Slipway
let page: Page
let home: string

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--workers', '0'] })
  // Axe opens a page of its own in the same context.
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
})
test.afterAll(() => slipway?.end())

const go = (path: string) => page.goto(`${home}#${path}`)

test('a link to a context that does not exist says so; to a stopped cluster, it offers to start it', async () => {
  await go('/c/local:nowhere/pods')
  await expect(page.getByText('There is no context «nowhere»')).toBeVisible()

  await go(`/c/local:${cluster}/services`)
  await expect(page.getByRole('table').getByText('kubernetes', { exact: true })).toBeVisible()
  await expect(page).toHaveTitle(`Services · ${cluster} · Slipway`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
})

test('the status bar tells the cluster’s own version', async () => {
  await expect(page.getByRole('contentinfo')).toContainText(/Kubernetes v1\.\d+\.\d+/)
})

test('the palette finds objects, kinds, contexts, actions with their target, and settings', async () => {
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Command palette' })
  const options = palette.getByRole('option')
  await expect(options.filter({ hasText: `Deploy to ${cluster}` })).toBeVisible()
  await palette.getByRole('combobox').fill('kube-root')
  await expect(options.filter({ hasText: 'ConfigMap, default' })).toBeVisible()
  await palette.getByRole('combobox').fill('font size')
  await expect(options).toHaveText(/Font size of terminals/)
  await palette.getByRole('combobox').fill('@')
  await expect(options).toHaveText(new RegExp(cluster))
  await palette.getByRole('combobox').fill('nodes')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/nodes$/)
})

test('with no context open, Deploy asks which one', async () => {
  await go('/')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Command palette' }).fill('>deploy')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Deploy to which context?' })
  await expect(dialog.getByRole('button', { name: cluster })).toBeVisible()
  await page.keyboard.press('Escape')
})

test('keys are recorded; keys that another command has are swapped', async () => {
  await go('/settings/shortcuts')
  await page.getByRole('button', { name: 'Change the keys of «Cheat sheet of the keys»' }).click()
  await page.keyboard.press('Control+,')
  await expect(page.getByText('Ctrl , already does «Settings».')).toBeVisible()
  await page.getByRole('button', { name: 'Swap the two' }).click()
  await expect(page.getByText('2 of')).toBeVisible()
  await go('/')
  await page.keyboard.press('Control+,')
  const sheet = page.getByRole('dialog', { name: 'Keyboard' })
  await expect(sheet).toContainText('Ctrl ,')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await expect(page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible()
})

test('the language and the theme change at once, and stay', async () => {
  await go('/settings')
  await page.getByLabel('Language').selectOption('de')
  await expect(page.getByRole('heading', { name: 'Einstellungen', level: 1 })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Einstellungen', level: 1 })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await page.getByLabel('Sprache').selectOption('en')
  await page.getByRole('radio', { name: 'Dark' }).check()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

test('in a narrow window the sidebar is behind the menu button, over the page, and nothing scrolls sideways', async () => {
  await page.setViewportSize({ width: 900, height: 800 })
  await go(`/c/local:${cluster}/configmaps`)
  const kinds = page.getByRole('navigation', { name: 'Kinds' })
  await expect(kinds).toBeHidden()
  await page.getByRole('button', { name: 'Kinds' }).click()
  await kinds.getByRole('link', { name: 'Secrets', exact: true }).click()
  await expect(page).toHaveURL(/secrets/)
  await expect(kinds).toBeHidden()
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
})
