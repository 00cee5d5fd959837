import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { createKubectl } from '../support/kubectl.ts'
import { serveSlipway, type ServedSlipway } from '../support/slipway.ts'

/** On a list page every button can be pressed by keyboard, and the list's shortcuts work where no control has the focus. */
test.describe.configure({ mode: 'serial' })

const cluster = `keys-${process.pid}`
let slipway: ServedSlipway
let page: Page

test.beforeAll(async ({ browser }) => {
  slipway = await serveSlipway()
  page = await browser.newPage()
  await page.goto(slipway.url)
})
test.afterAll(() => slipway?.end())

const link = (title: string) =>
  page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: title, exact: true })
const drawer = () => page.getByRole('complementary')
const row = (name: string) =>
  page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name, exact: true }) })

test('a cluster is created without a mouse', async () => {
  await page.getByRole('button', { name: 'Create cluster' }).focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Create cluster' })
  await dialog.getByLabel('Name').fill(cluster)
  await dialog.getByLabel('Workers', { exact: true }).fill('1')
  // Ticked already where no Docker Engine answers.
  const simulated = dialog.getByLabel(/Simulated workers/)
  await simulated.uncheck()
  await simulated.focus()
  await page.keyboard.press('Space')
  await expect(simulated).toBeChecked()
  await dialog.getByRole('button', { name: 'Create cluster' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('region', { name: `Cluster ${cluster}` })).toContainText('1 of 1 worker Ready')
  const kubectl = createKubectl(join(slipway.data, 'clusters', cluster, 'kubeconfig'))
  for (const name of ['a', 'b', 'c']) await kubectl.ok('create', 'configmap', name, '--from-literal=k=v')
  await page.getByRole('button', { name: `Open ${cluster}` }).click()
})

test('Enter follows a link, and the list has the keys afterwards', async () => {
  await link('ConfigMaps').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'ConfigMaps' })).toBeVisible()
  await expect(row('a')).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('d')
  await expect(drawer()).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(drawer()).toHaveCount(0)
})

for (const key of ['Enter', 'Space'] as const)
  test(`${key} presses the buttons of a list page, whatever row is current`, async () => {
    await link('ConfigMaps').click()
    await row('b').click()
    await expect(drawer()).toBeVisible()

    await drawer().getByRole('button', { name: 'Edit' }).focus()
    await page.keyboard.press(key)
    await expect(page.getByRole('tablist', { name: 'Dock tabs' }).getByRole('tab')).toHaveCount(1)
    await expect(page).toHaveURL(/configmaps$/)

    await page.getByRole('button', { name: /^Close Edit/ }).focus()
    await page.keyboard.press(key)
    await expect(page.getByRole('tablist', { name: 'Dock tabs' })).toBeHidden()

    const name = page.getByRole('columnheader', { name: 'Name', exact: true })
    await name.getByRole('button').focus()
    const before = await name.getAttribute('aria-sort')
    await page.keyboard.press(key)
    await expect(name).not.toHaveAttribute('aria-sort', before ?? '')

    const columns = page.getByRole('button', { name: 'Columns', exact: true })
    await columns.focus()
    await page.keyboard.press(key)
    await expect(columns).toHaveAttribute('aria-expanded', 'true')
    await page.keyboard.press('Escape')
    await expect(columns).toHaveAttribute('aria-expanded', 'false')

    await drawer().getByRole('button', { name: 'Close' }).focus()
    await page.keyboard.press(key)
    await expect(drawer()).toHaveCount(0)
  })

test('Space ticks the box that has the focus, and no other', async () => {
  await link('ConfigMaps').click()
  await row('a').click()
  await page.keyboard.press('Escape')
  const box = page.getByRole('checkbox', { name: 'Select default/c' })
  await box.focus()
  await page.keyboard.press('Space')
  await expect(box).toBeChecked()
  await expect(page.getByRole('checkbox', { name: 'Select default/a' })).not.toBeChecked()
  await box.focus()
  await page.keyboard.press('Space')
  await expect(box).not.toBeChecked()
})

test('the shortcuts of the list work on the list', async () => {
  await link('ConfigMaps').click()
  await row('a').click()
  await page.keyboard.press('Escape')
  await expect(drawer()).toHaveCount(0)
  await page.keyboard.press('j')
  await page.keyboard.press('Space')
  await expect(page.getByRole('checkbox', { name: 'Select default/b' })).toBeChecked()
  await page.keyboard.press('Control+d')
  const dialog = page.getByRole('dialog', { name: 'Delete ConfigMap b?' })
  await expect(dialog).toBeVisible()
  await dialog.getByRole('button', { name: 'Cancel' }).focus()
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
  await link('Nodes').click()
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await expect(page.getByRole('heading', { name: 'Pods' })).toBeVisible()
})

test('a key that cannot act says why', async () => {
  const kubectl = createKubectl(join(slipway.data, 'clusters', cluster, 'kubeconfig'))
  const resources = { requests: { cpu: '900' } }
  const overrides = { spec: { containers: [{ name: 'stuck', image: 'x', resources }] } }
  await kubectl.ok('run', 'stuck', '--image=x', '--overrides', JSON.stringify(overrides))
  await link('Pods').click()
  await row('stuck').click()
  await expect(drawer()).toBeVisible()
  await page.keyboard.press('s')
  await expect(page.getByText('Pod stuck is on no node yet.', { exact: true })).toBeVisible()
})

test('an input method keeps its keys', async () => {
  await link('ConfigMaps').click()
  await row('a').click()
  await page.evaluate(() =>
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true })),
  )
  await expect(page).toHaveURL(/configmaps$/)
})
