import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { pressAction } from '../support/object-actions.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { serveSlipway, type ServedSlipway } from '../support/slipway.ts'

/**
 * Two clusters with two namespaces, each with objects of the same name: every panel of the dock works on the object of
 * its own cluster and namespace, says which that is, and so does every button that writes.
 */
test.describe.configure({ mode: 'serial' })

const clusters = [`east-${process.pid}`, `west-${process.pid}`] as const
const [east, west] = clusters
const namespaces = ['default', 'shop'] as const

let slipway: ServedSlipway
let page: Page
let kubectl: Record<string, Kubectl>

test.beforeAll(async ({ browser }) => {
  slipway = await serveSlipway()
  page = await browser.newPage()
  await page.goto(slipway.url)
  for (const name of clusters) await createCluster(name)
  kubectl = Object.fromEntries(
    clusters.map((name) => [name, createKubectl(join(slipway.data, 'clusters', name, 'kubeconfig'))]),
  )
  for (const name of clusters) {
    await kubectl[name]!.ok('create', 'namespace', 'shop')
    for (const namespace of namespaces) {
      await kubectl[name]!.ok(
        'create',
        'configmap',
        'web',
        '-n',
        namespace,
        `--from-literal=where=${name}-${namespace}`,
      )
      await kubectl[name]!.ok('run', 'web', '--image=x', '-n', namespace)
    }
  }
})
test.afterAll(() => slipway?.end())

async function createCluster(name: string): Promise<void> {
  await page.getByRole('button', { name: 'Create cluster' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create cluster' })
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByLabel('Workers', { exact: true }).fill('1')
  await dialog.getByLabel(/Simulated workers/).check()
  await dialog.getByRole('button', { name: 'Create cluster' }).click()
  await expect(page.getByRole('region', { name: `Cluster ${name}` })).toContainText('1 of 1 worker Ready')
}

/** Opens the drawer of an object and presses one of its buttons. */
async function press(button: string, cluster: string, kind: string, namespace: string): Promise<void> {
  await page.getByRole('button', { name: `Open ${cluster}` }).click()
  await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: kind, exact: true }).click()
  await expect(page.getByRole('banner')).toContainText(cluster)
  await page
    .getByRole('table', { name: kind })
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name: 'web', exact: true }) })
    .filter({ has: page.getByRole('cell', { name: namespace, exact: true }) })
    .click()
  await pressAction(page, page.getByRole('complementary'), button)
}
const shownPanel = () => page.getByRole('tabpanel').filter({ visible: true }).last()
const dockTabs = () => page.getByRole('tablist', { name: 'Dock tabs' }).getByRole('tab')

test('Edit opens a tab for each cluster and namespace, with the text of its own object', async () => {
  for (const cluster of clusters)
    for (const namespace of namespaces) {
      await press('Edit', cluster, 'ConfigMaps', namespace)
      await expect(shownPanel().getByRole('textbox', { name: /YAML of/ })).toContainText(
        `where: ${cluster}-${namespace}`,
      )
      await expect(dockTabs().last()).toContainText(`${cluster} / ${namespace}`)
      await expect(dockTabs().last()).toHaveAttribute('aria-selected', 'true')
      // A context has one colour, wherever it is named.
      const colour = /ctx-\w+/.exec((await page.getByRole('banner').getAttribute('class')) ?? '')?.[0] ?? 'none'
      await expect(dockTabs().last()).toHaveClass(new RegExp(colour))
    }
  await expect(dockTabs()).toHaveCount(4)
  await press('Edit', west, 'ConfigMaps', 'default')
  await expect(dockTabs()).toHaveCount(4)
})

test('Save names its target, and changes that object alone', async () => {
  await press('Edit', west, 'ConfigMaps', 'shop')
  const editor = shownPanel().getByRole('textbox', { name: /YAML of/ })
  await editor.getByText(`where: ${west}-shop`).click()
  await page.keyboard.press('End')
  await page.keyboard.type('-changed')
  await shownPanel()
    .getByRole('button', { name: `Save web to ${west} / shop` })
    .click()
  const keepMine = shownPanel().getByRole('button', { name: 'Take yours of data.where' })
  const saved = page.getByText('ConfigMap web saved')
  await expect(keepMine.or(saved).first()).toBeVisible()
  if (await keepMine.isVisible()) {
    await keepMine.click()
    await shownPanel()
      .getByRole('button', { name: `Save web to ${west} / shop` })
      .click()
  }
  await expect(saved).toBeVisible()
  for (const cluster of clusters)
    for (const namespace of namespaces) {
      const where = await kubectl[cluster]!.ok('get', 'cm', 'web', '-n', namespace, '-o', 'jsonpath={.data.where}')
      const changed = cluster === west && namespace === 'shop' ? '-changed' : ''
      expect(where).toBe(`${cluster}-${namespace}${changed}`)
    }
})

test('an edit does not reach another object that has taken the name', async () => {
  await press('Edit', east, 'ConfigMaps', 'shop')
  const editor = shownPanel().getByRole('textbox', { name: /YAML of/ })
  await editor.getByText(`where: ${east}-shop`).click()
  await page.keyboard.press('End')
  await page.keyboard.type('-changed')
  await kubectl[east]!.ok('delete', 'cm', 'web', '-n', 'shop')
  await kubectl[east]!.ok('create', 'cm', 'web', '-n', 'shop', '--from-literal=where=new')
  await shownPanel()
    .getByRole('button', { name: `Save web to ${east} / shop` })
    .click()
  await expect(shownPanel().getByRole('alert')).toContainText('was deleted and created again')
  expect(await kubectl[east]!.ok('get', 'cm', 'web', '-n', 'shop', '-o', 'jsonpath={.data.where}')).toBe('new')

  await press('Edit', east, 'ConfigMaps', 'shop')
  const tabs = dockTabs().filter({ hasText: `${east} / shop` })
  await expect(tabs).toHaveCount(2)
  await expect(tabs.filter({ hasText: 'uid' })).toHaveCount(2)
})

test('an edit cannot be turned on an object of another namespace', async () => {
  await press('Edit', west, 'ConfigMaps', 'default')
  const editor = shownPanel().getByRole('textbox', { name: /YAML of/ })
  await editor.getByText('namespace: default').click()
  await page.keyboard.press('End')
  await page.keyboard.press('Shift+Control+ArrowLeft')
  await page.keyboard.type('shop')
  await shownPanel()
    .getByRole('button', { name: `Save web to ${west} / default` })
    .click()
  await expect(shownPanel().getByRole('alert')).toContainText('in namespace default')
  expect(await kubectl[west]!.ok('get', 'cm', 'web', '-n', 'shop', '-o', 'jsonpath={.data.where}')).toBe(
    `${west}-shop-changed`,
  )
})

test('Deploy goes to the cluster that its button names', async () => {
  for (const cluster of clusters) {
    await page.getByRole('button', { name: `Open ${cluster}` }).click()
    await expect(page.getByRole('banner')).toContainText(cluster)
    await page.getByRole('banner').getByRole('button', { name: 'Deploy' }).click()
    const manifest = shownPanel().getByRole('textbox', { name: 'Manifest' })
    await manifest.click()
    await manifest.evaluate((box, value) => {
      const data = new DataTransfer()
      data.setData('text/plain', value)
      box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    }, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: deployed, namespace: shop}\ndata: {to: ${cluster}}\n`)
    await shownPanel()
      .getByRole('button', { name: `Deploy to ${cluster} / shop` })
      .click()
    await expect(shownPanel().getByRole('list', { name: 'Results' })).toContainText('created')
  }
  for (const cluster of clusters)
    expect(await kubectl[cluster]!.ok('get', 'cm', 'deployed', '-n', 'shop', '-o', 'jsonpath={.data.to}')).toBe(cluster)
})

test('Logs opens a tab for each cluster and namespace', async () => {
  for (const cluster of clusters)
    for (const namespace of namespaces) {
      await press('Logs', cluster, 'Pods', namespace)
      await expect(dockTabs().filter({ hasText: 'Logs Pod web' }).last()).toContainText(`${cluster} / ${namespace}`)
    }
  await expect(dockTabs().filter({ hasText: 'Logs Pod web' })).toHaveCount(4)
})

test('Delete names its target', async () => {
  await press('Delete', east, 'ConfigMaps', 'default')
  const dialog = page.getByRole('dialog', { name: 'Delete ConfigMap web?' })
  await dialog.getByRole('button', { name: `Delete web in ${east} / default` }).click()
  await expect(dialog).toBeHidden()
  expect(await kubectl[west]!.ok('get', 'cm', 'web', '-n', 'default', '-o', 'name')).toContain('web')
})

test('the tabs of a deleted cluster close', async () => {
  await page.getByRole('button', { name: 'All clusters' }).click()
  await page.getByRole('button', { name: `More of ${east}` }).click()
  await page.getByRole('menuitem', { name: `Delete cluster ${east}` }).click()
  const dialog = page.getByRole('dialog', { name: `Delete cluster ${east}?` })
  await dialog.getByLabel('Name to confirm').fill(east)
  await dialog.getByRole('button', { name: /^Delete/ }).click()
  await expect(page.getByRole('region', { name: `Cluster ${east}` })).toHaveCount(0)
  await expect(dockTabs().filter({ hasText: east })).toHaveCount(0)
  await expect(dockTabs().filter({ hasText: west }).first()).toBeVisible()
})
