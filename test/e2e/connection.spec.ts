import { rm } from 'node:fs/promises'
import { expect, test as base } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { serveSlipway, type ServedSlipway } from '../support/slipway.ts'

/** Apps of one test: whatever becomes of it, none stays, and none stays frozen. */
const test = base.extend<{ serve: typeof serveSlipway }>({
  async serve({}, use) {
    const served: ServedSlipway[] = []
    await use(async (options) => {
      const slipway = await serveSlipway(options)
      served.push(slipway)
      return slipway
    })
    for (const { end, data } of served) {
      await end('SIGKILL')
      await rm(data, { recursive: true, force: true })
    }
  },
})

/** A page outlives the app that serves it, and its session: it says so, and what to do. */
test('a page is told that the app is gone, and that its session has ended when the app is back', async ({
  page,
  serve,
}) => {
  const first = await serve()
  await page.goto(first.url)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)

  await first.end('SIGKILL')
  await expect(page.getByRole('alert')).toContainText('Slipway does not answer')

  const second = await serve({ data: first.data, port: Number(new URL(first.url).port) })
  await expect(page.getByRole('alert')).toContainText('Your session has ended')

  await page.goto(second.url)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('a frozen app is noticed within three seconds, its page says of when it is, and goes on when the app does', async ({
  page,
  serve,
}) => {
  const slipway = await serve()
  await page.goto(slipway.url)
  await expect(page.getByRole('contentinfo')).toContainText('Live')
  // The page's own scripts come from the app, too.
  await expect(page.getByRole('button', { name: 'Create cluster' }).first()).toBeVisible()
  slipway.signal('SIGSTOP')
  const alert = page.getByRole('alert').filter({ hasText: 'Slipway does not answer. Reconnecting.' })
  await expect(alert).toContainText(/What you see is from \d\d:\d\d:\d\d/)
  await expect(page.getByRole('contentinfo')).toContainText(/stale since \d\d:\d\d:\d\d/)

  // An action ends with a word, though nobody answers.
  await page.getByRole('button', { name: 'Create cluster' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('frozen')
  // What does not wait for what the engine says.
  await dialog.getByRole('checkbox', { name: 'Simulated' }).check()
  await dialog.getByRole('button', { name: 'Create cluster' }).click()
  await expect(dialog).toContainText('Whether this was done is not known')
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  slipway.signal('SIGCONT')
  await expect(page.getByRole('contentinfo')).toContainText('Live')
  await expect(page.getByText('Reconnecting')).toHaveCount(0)
})

test('a page whose scripts and styles are not answered at first is there all the same', async ({ page, serve }) => {
  const slipway = await serve()
  const asked = new Set<string>()
  const refused = new Set<string>()
  await page.route('**/assets/*', async (route) => {
    const url = route.request().url()
    // As browsers do when a network interface comes or goes.
    const isFirst = !asked.has(url)
    asked.add(url)
    // The script that asks again has to be there.
    const isNeeded = /\/(index|preload-helper)-/.test(url)
    const isRefused = isFirst && !isNeeded && (url.endsWith('.css') || asked.size % 3 === 0)
    if (isRefused) refused.add(url)
    await (isRefused ? route.abort('connectionreset') : route.continue())
  })
  await page.goto(slipway.url)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Skip to the content' })).not.toBeInViewport()
  expect(refused.size).toBeGreaterThan(20)
})

test('a page that cannot be loaded says so, and is there once it can', async ({ page, serve }) => {
  const slipway = await serve()
  await page.goto(slipway.url)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await page.route('**/SettingsView*', (route) => route.abort('connectionreset'))
  await page
    .getByRole('link', { name: 'Settings' })
    .or(page.getByRole('button', { name: 'Settings' }))
    .click()
  await expect(page.getByRole('heading', { name: 'This page could not be loaded' })).toBeVisible()
  await expectAccessible(page)
  await page.unroute('**/SettingsView*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible()
})

test('an app that is started again has its port again', async ({ serve }) => {
  const first = await serve()
  await first.end('SIGKILL')
  const second = await serve({ data: first.data })
  expect(new URL(second.url).port).toBe(new URL(first.url).port)
})

test('signing out ends the session, hides everything and says how to sign in again', async ({
  page,
  context,
  serve,
}) => {
  const slipway = await serve()
  await page.goto(slipway.url)
  const other = await context.newPage()
  await other.goto(new URL('/', slipway.url).href)
  await expect(other.getByRole('heading', { name: 'Clusters' })).toBeVisible()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('heading', { name: 'You are signed out' })).toBeVisible()
  await expect(page.getByText('npm run -s slipway -- ui')).toBeVisible()
  await expect(page.getByRole('navigation')).toHaveCount(0)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toHaveCount(0)

  await expect(other.getByRole('alert')).toContainText('Your session has ended')
  expect((await page.request.get(new URL('/', slipway.url).href)).status()).toBe(401)
  expect((await page.reload())?.status()).toBe(401)
})
