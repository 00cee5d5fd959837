import { join } from 'node:path'
import { expect, test, type Locator, type Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { helmEnvironment, runHelm, serveCharts, testChart, type ChartRepository } from '../support/helm.ts'
import { settingsSaved } from '../support/settings-saved.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/** A chart goes into a cluster, is upgraded, rolled back, tested and taken out, by the real helm; the terminal sees the same. */
test.describe.configure({ mode: 'serial' })

const name = `helm-${process.pid}`
const secret = 'not-for-the-screen'
let slipway: Slipway
let charts: ChartRepository
let env: Record<string, string>
let page: Page
let home: string

test.beforeAll(async ({ browser }) => {
  const data = await newDataFolder()
  env = await helmEnvironment(join(data, 'own-helm'))
  slipway = await slipwayUp({ name, data, args: ['--simulated', '2'], env })
  env = { ...env, KUBECONFIG: slipway.kubeconfig }
  charts = await serveCharts(join(data, 'charts'), ['1.1.0', '1.2.0'], env)
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
})
test.afterAll(async () => {
  await charts?.stop()
  await slipway?.end()
})

const open = async (path: string): Promise<void> => {
  await page.goto('about:blank')
  await page.goto(`${home}#/c/local:${name}/${path}`)
}
const button = (label: string | RegExp): Locator => page.getByRole('button', { name: label })
const changes = (): Locator => page.getByRole('region', { name: 'What changes in the cluster' })
const editor = (): Locator => page.getByRole('textbox', { name: 'Values' })
async function write(values: string): Promise<void> {
  await editor().click()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.insertText(values)
}
const listed = async (): Promise<unknown> => JSON.parse(await runHelm(['list', '-A', '-o', 'json'], env)) as unknown

test('finds a chart in a repository that is added', async () => {
  await open('helm')
  await expect(page.getByText('No releases here')).toBeVisible()
  await button('Add repository').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('tests')
  await dialog.getByLabel('Address').fill(`${charts.url}/none`)
  await dialog.getByRole('button', { name: 'Add' }).click()
  await expect(dialog.getByRole('alert')).toContainText(`${charts.url}/none`)
  await dialog.getByLabel('Address').fill(charts.url)
  await dialog.getByRole('button', { name: 'Add' }).click()
  await expect(dialog).toHaveCount(0)
  await page.getByRole('searchbox', { name: 'Search charts' }).fill('small shop')
  await button('Install shop').click()
  await expect(page.getByRole('heading', { name: 'Install shop' })).toBeVisible()
})

test('checks the values by the chart’s schema, shows what they make, and installs', async () => {
  await page.getByLabel('Version').selectOption('1.1.0')
  await page.getByLabel('Release name').fill('web')
  await page.getByLabel('Namespace', { exact: true }).fill('shop')
  await page.getByLabel('Namespace', { exact: true }).blur()
  await expect(page.getByText('new, is created')).toBeVisible()
  await write('replicas: many\n')
  await expect(page.getByText(/replicas.*takes an integer/)).toBeVisible()
  await expect(button(/^Install web in/)).toHaveAttribute('aria-disabled', 'true')
  await write('greeting: ')
  await page.keyboard.press('Control+Space')
  await page.getByRole('option', { name: 'Hello' }).click()
  await page.keyboard.insertText(`\nreplicas: 1\npassword: ${secret}\n`)
  await expect(changes().getByRole('button', { name: /Deployment web-web/ })).toBeVisible()
  await expect(changes().getByRole('button')).toHaveCount(4)
  await changes()
    .getByRole('button', { name: /Secret web-bank/ })
    .click()
  await expect(changes()).toContainText('PASSWORD: ••••••')
  // The same values as a form: it writes the text, and is written by it.
  const values = page.getByRole('region', { name: 'Values' })
  await values.getByRole('button', { name: 'Form' }).click()
  await expect(values.getByLabel('greeting')).toHaveValue('Hello')
  await expect(values.getByLabel('password')).toHaveAttribute('type', 'password')
  await values.getByLabel('port').fill('many')
  await values.getByLabel('port').blur()
  await expect(values).toContainText('This is not a number.')
  await values.getByLabel('port').fill('8081')
  await values.getByLabel('port').blur()
  await expectAccessible(page)
  await values.getByRole('button', { name: 'Mine' }).click()
  await expect(editor()).toContainText('port: 8081')
  await expect(changes().getByRole('button', { name: /Service web/ })).toBeVisible()
  await button(/^Install web in/).click()
  await expect(page.getByText('web is installed')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('log', { name: 'What Helm says' })).toContainText('Deployment web-web')
  await expect(page.getByRole('main')).not.toContainText(secret)
  expect(await listed()).toMatchObject([{ name: 'web', namespace: 'shop', chart: 'shop-1.1.0', status: 'deployed' }])
})

test('shows a release with its objects, and what a terminal does to it', async () => {
  await page.getByRole('link', { name: 'Open web' }).click()
  const objects = page.getByRole('region', { name: 'Objects' })
  await expect(objects.getByRole('link', { name: 'web-web' })).toHaveCount(2)
  await expect(objects).toContainText('1/1')
  await page.getByRole('tab', { name: 'Values' }).click()
  await expect(page.getByRole('tabpanel')).toContainText('password: ••••••')
  await page.getByRole('tab', { name: 'Manifest' }).click()
  await expect(page.getByRole('tabpanel')).toContainText('PASSWORD: ••••••')
  await runHelm(['upgrade', 'web', testChart, '-n', 'shop', '--reuse-values', '--set', 'greeting=Moin'], env)
  await page.getByRole('tab', { name: 'Notes' }).click()
  await expect(page.getByRole('tabpanel')).toContainText('The shop web says Moin.')
  await page.getByRole('tab', { name: 'History' }).click()
  const compared = page.getByRole('region', { name: 'From 1 to 2' })
  await expect(compared).toContainText('GREETING: "Moin"')
  await expectAccessible(page)
})

test('upgrades, compared with what is there first', async () => {
  await button(/^Upgrade web/).click()
  await expect(page.getByRole('heading', { name: 'Upgrade web' })).toBeVisible()
  await expect(editor()).toContainText('greeting: Moin')
  await write(`replicas: 2\ngreeting: Moin\npassword: ${secret}\n`)
  const deployment = changes().getByRole('button', { name: /Deployment web-web/ })
  await expect(deployment).toContainText('+1')
  await expect(changes()).toContainText('3 objects stay as they are')
  // The text is there again after a look elsewhere.
  await page.getByRole('link', { name: 'Helm releases' }).first().click()
  await page.goBack()
  await expect(editor()).toContainText('replicas: 2')
  await expect(deployment).toContainText('+1')
  await button(/^Upgrade web in/).click()
  await expect(page.getByText('web is upgraded')).toBeVisible({ timeout: 60_000 })
  expect(await listed()).toMatchObject([{ revision: '3', status: 'deployed' }])
})

test('rolls back to a revision, after what that would change', async () => {
  await page.getByRole('link', { name: 'Open web' }).click()
  await page.getByRole('tab', { name: 'History' }).click()
  await button(/^1 Superseded/).click()
  await expect(page.getByRole('region', { name: 'Roll back to 1 would change' })).toContainText('GREETING: "Hello"')
  await button(/^Roll back to 1 web/).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Roll back web to 1 in/ })
    .click()
  await expect(page.getByText('web is rolled back')).toBeVisible({ timeout: 60_000 })
  await expect(button(/^4 Deployed/)).toBeVisible()
})

test('runs its tests, and is locked while its context is', async () => {
  await button(/^Test web/).click()
  await expect(page.getByRole('log', { name: 'What Helm says' })).toContainText('web-answers', { timeout: 60_000 })
  await expect(page.getByText(/tests of web have/)).toBeVisible({ timeout: 60_000 })
  await page.goto(`${home}#/`)
  const lock = page.getByRole('switch', { name: new RegExp(name) })
  await lock.click()
  await settingsSaved(page)
  await open('helm/shop/web')
  const upgrade = button(/^Upgrade to 1.2.0 web/)
  await expect(upgrade).toHaveAttribute('aria-disabled', 'true')
  await expect(upgrade).toHaveAccessibleDescription(/is read-only in Slipway/)
  await page.goto(`${home}#/`)
  await lock.click()
  await settingsSaved(page)
})

test('uninstalls, with its name typed', async () => {
  await open('helm/shop/web')
  await button(/^Uninstall web/).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: /^Uninstall web in/ })).toBeDisabled()
  await dialog.getByLabel('Name to confirm').fill('web')
  await dialog.getByRole('button', { name: /^Uninstall web in/ }).click()
  await expect(page.getByText('There is no release web in shop')).toBeVisible({ timeout: 60_000 })
  expect(await listed()).toEqual([])
})

test('opens what kubectl builds of a kustomization in the deploy panel', async () => {
  await open('helm')
  await button(/^Kustomize/).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('/nowhere')
  await dialog.getByRole('button', { name: 'Build' }).click()
  await expect(dialog.getByRole('alert')).toContainText('/nowhere')
  await dialog.getByRole('textbox').fill(join(testChart, '../kustomization'))
  await dialog.getByRole('button', { name: 'Build' }).click()
  await expect(page.getByRole('textbox', { name: 'Manifest' })).toContainText('name: try-settings')
})
