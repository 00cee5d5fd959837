import { expect, test, type Page } from '@playwright/test'
import { settingsSaved } from '../support/settings-saved.ts'
import { secondScrollbars } from '../support/layout.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The frame of the window: deep links, the palette, settings, keys, narrow windows, and its accessibility. */
test.describe.configure({ mode: 'serial' })

const cluster = `shell-${process.pid}`
let slipway: Slipway
let kubectl: Kubectl
let page: Page
let home: string
/** Nobody answers there. */
const noFeed = 'https://127.0.0.1:1/latest'

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--workers', '0'], env: { SLIPWAY_UPDATES: noFeed } })
  kubectl = createKubectl(slipway.kubeconfig)
  // Axe opens a page of its own in the same context.
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
})
test.afterAll(() => slipway?.end())

const go = (path: string) => page.goto(`${home}#${path}`)

test('a link to a context that does not exist says so', async () => {
  await go('/c/local:nowhere/pods')
  await expect(page.getByText('There is no context “nowhere”')).toBeVisible()

  await go(`/c/local:${cluster}/services`)
  await expect(page.getByRole('table').getByText('kubernetes', { exact: true })).toBeVisible()
  await expect(page).toHaveTitle(`Services · ${cluster} · Slipway`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
})

test('the status bar tells the cluster’s own version and how many kinds it has', async () => {
  const bar = page.getByRole('contentinfo')
  const { gitVersion } = JSON.parse(await kubectl.ok('get', '--raw', '/version')) as { gitVersion: string }
  await expect(bar).toContainText(`Kubernetes ${gitVersion}`)
  const kinds = async (): Promise<number> => Number(/(\d+) kinds/.exec((await bar.textContent()) ?? '')?.[1])
  await expect.poll(kinds).toBeGreaterThan(60)
  const before = await kinds()
  const definition = {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'boats.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', names: { kind: 'Boat', plural: 'boats' } },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  }
  await kubectl.withInput(JSON.stringify(definition), 'create', '-f', '-')
  await expect.poll(kinds).toBe(before + 1)
})

test('the sidebar counts what the table shows, at once', async () => {
  await go(`/c/local:${cluster}/configmaps`)
  const link = page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: /^ConfigMaps/ })
  const rows = page.locator('[data-row]')
  await expect(rows).not.toHaveCount(0)
  const before = await rows.count()
  await expect(link).toContainText(String(before))
  await kubectl.ok('create', 'configmap', 'counted')
  await expect(page.locator('[data-row="default/counted"]')).toBeVisible()
  // Less than the five seconds after which the others are counted anew.
  await expect(link).toContainText(String(before + 1), { timeout: 1_500 })
})

test('Back finds the tab of an object again', async () => {
  await go(`/c/local:${cluster}/configmaps/default/counted`)
  await page.getByRole('tab', { name: 'YAML' }).click()
  await page.getByRole('link', { name: 'ConfigMaps', exact: true }).first().click()
  await expect(page.locator('[data-row="default/counted"]')).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('tab', { name: 'YAML' })).toHaveAttribute('aria-selected', 'true')
})

test('a dialog closes with the page that it was opened on', async () => {
  await go(`/c/local:${cluster}/configmaps`)
  await go(`/c/local:${cluster}/configmaps/default/counted`)
  await page
    .getByRole('main')
    .getByRole('button', { name: /^Delete/ })
    .click()
  await expect(page.getByRole('dialog')).toContainText('counted')
  await page.goBack()
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('a menu stays while the pointer leaves it, and closes by Escape and by a press elsewhere', async () => {
  await go(`/c/local:${cluster}/configmaps`)
  const menu = page.getByRole('menu')
  const open = async (): Promise<void> => {
    await page.locator('[data-row="default/counted"]').click({ button: 'right' })
    await menu.getByRole('menuitem').first().hover()
  }
  await open()
  await page.mouse.move(700, 600)
  await page.mouse.move(20, 20)
  await expect(menu).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(menu).toHaveCount(0)
  await open()
  await page.getByRole('heading', { level: 1 }).click()
  await expect(menu).toHaveCount(0)
})

test('a notice takes room of its own: it covers neither page nor dock', async () => {
  await page.getByRole('banner').getByRole('button', { name: 'Deploy', exact: true }).click()
  const dock = page.getByRole('region', { name: 'Dock', exact: true })
  await expect(dock).toBeVisible()
  await page.locator('[data-row="default/counted"]').click({ button: 'right' })
  await page.getByRole('menuitem', { name: /^Copy name/ }).click()
  const notice = page.getByRole('log', { name: 'Notices' }).getByRole('status').first()
  await expect(notice).toBeVisible()
  const [above, below] = [await dock.boundingBox(), await notice.boundingBox()]
  expect(below?.y).toBeGreaterThanOrEqual((above?.y ?? 0) + (above?.height ?? 0))
  while (await dock.isVisible())
    await dock
      .getByRole('button', { name: /^Close / })
      .first()
      .click()
})

for (const width of [900, 1440, 1920])
  test(`no page has a second scrollbar at ${width} px`, async () => {
    await page.setViewportSize({ width, height: 800 })
    for (const path of ['configmaps', 'configmaps/default/counted', 'clusterroles/-/admin', 'overview', 'access']) {
      await go(`/c/local:${cluster}/${path}`)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect.poll(() => secondScrollbars(page), { message: path }).toEqual([])
    }
    await go('/settings')
    await expect.poll(() => secondScrollbars(page)).toEqual([])
    await go(`/c/local:${cluster}/configmaps`)
    await page.setViewportSize({ width: 1440, height: 900 })
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
  await page.getByRole('button', { name: 'Change the keys of “Cheat sheet of the keys”' }).click()
  await page.keyboard.press('Control+,')
  await expect(page.getByText('Ctrl , already does “Settings”.')).toBeVisible()
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

test('updates are looked for only where that is wanted, and what came of it is said', async () => {
  await go('/settings/data')
  const wanted = page.getByRole('switch', { name: 'Look for updates' })
  await expect(wanted).toHaveAttribute('aria-checked', 'false')
  await expect(page.getByText('Off: Slipway asks nobody.')).toBeVisible()
  await wanted.click()
  await expect(wanted).toHaveAttribute('aria-checked', 'true')
  await expect(page.getByText('It could not be asked:')).toBeVisible()
  await wanted.click()
  await expect(page.getByText('Off: Slipway asks nobody.')).toBeVisible()
})

test('the language and the theme change at once, and stay', async () => {
  await go('/settings')
  await page.getByLabel('Language').selectOption('de')
  await expect(page.getByRole('heading', { name: 'Einstellungen', level: 1 })).toBeVisible()
  await settingsSaved(page)
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

test('a deep link into a stopped cluster offers to start it, and leads on once it runs', async () => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await go('/')
  const card = page.getByRole('region', { name: `Cluster ${cluster}` })
  await card.getByRole('button', { name: /^Stop/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: /^Stop/ }).click()
  await expect(card).toContainText('Stopped')
  for (const path of ['configmaps', 'configmaps/default/counted?tab=yaml']) {
    await page.goto('about:blank')
    await go(`/c/local:${cluster}/${path}`)
    await expect(page.getByText(`${cluster} is not running`)).toBeVisible()
  }
  await page.getByRole('button', { name: `Start ${cluster}` }).click()
  await expect(page.getByRole('tab', { name: 'YAML' })).toHaveAttribute('aria-selected', 'true', { timeout: 60_000 })
})
