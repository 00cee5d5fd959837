import { expect, test, type Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { clippedTexts, secondScrollbars } from '../support/layout.ts'
import { settingsSaved } from '../support/settings-saved.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** What a list does with its rows, on one simulated cluster that all tests share. */
test.describe.configure({ mode: 'serial' })

let slipway: Slipway
let kubectl: Kubectl
let page: Page

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: `lists-${process.pid}`, args: ['--simulated', '2'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-')
  // Axe opens a page of its own in the same context.
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  page = await context.newPage()
  await page.goto(slipway.ready.ui)
  await page
    .getByRole('button', { name: /^Open / })
    .first()
    .click()
  await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: 'Pods', exact: true }).click()
  await expect(row('web-1')).toBeVisible()
})
test.afterAll(() => slipway?.end())

const pod = (name: string, namespace: string, app: string, annotations: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app }, annotations },
  spec: { containers: [{ name: 'c', image: 'x' }] },
})
/** Another spec looks at the frame of the window. */
const frame = { without: ['[aria-label="Namespaces"]', 'a[href="#main"]'] }
const failing = { 'simulated.slipway.dev/pull-error': 'manifest unknown' }
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  ...['web-1', 'web-2', 'web-10'].map((name) => pod(name, 'shop', 'web')),
  pod('mail', 'shop', 'mail', failing),
  pod('tool', 'default', 'tool'),
  ...['disk-1', 'disk-2'].map((name) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'none',
      hostPath: { path: '/x' },
    },
  })),
  ...['one', 'two'].map((name) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  })),
]

const kinds = () => page.getByRole('navigation', { name: 'Kinds' })
const openKind = (title: string) => kinds().getByRole('link', { name: title, exact: true }).click()
const row = (name: string) =>
  page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name, exact: true }) })
const names = () => page.locator('[data-row]').evaluateAll((rows) => rows.map((each) => each.getAttribute('data-row')))
const filter = () => page.getByRole('combobox', { name: 'Filter' })
const selection = () => page.getByRole('region', { name: 'Selection' })
const clear = () => page.getByRole('button', { name: 'Clear the filter' }).first().click()

test('a filter of words, columns, labels and ages is completed with counts, and says what is wrong', async () => {
  await filter().fill('status:im')
  const choice = page.getByRole('option', { name: /^image/ })
  await expect(choice).toContainText('1')
  await page.keyboard.press('Enter')
  await expect.poll(names).toEqual(['shop/mail'])
  await clear()

  await filter().fill('ns:shop app=web -name:web-2 age<1h ')
  await expect.poll(names).toEqual(['shop/web-1', 'shop/web-10'])
  await expect(page.getByRole('button', { name: /^Drop / })).toHaveCount(4)
  await page.getByRole('button', { name: 'Drop -name:web-2' }).click()
  await expect.poll(names).toEqual(['shop/web-1', 'shop/web-2', 'shop/web-10'])
  await clear()

  await filter().fill('age<soon ')
  await expect(page.getByText('age<soon: compare with a number or a time such as 5m')).toBeVisible()
  await clear()
  await expect.poll(names).toHaveLength(5)
})

test('a filter is in the address: Back from a page finds it, and its row', async () => {
  await filter().fill('app=web ')
  await expect(page).toHaveURL(/filter=app%3Dweb|filter=app=web/)
  await row('web-2').click()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/shop\/web-2$/)
  await page.goBack()
  await expect.poll(names).toEqual(['shop/web-1', 'shop/web-2', 'shop/web-10'])
  await page.keyboard.press('d')
  await expect(page.getByRole('complementary')).toContainText('web-2')
  await page.keyboard.press('Escape')
  await clear()
})

test('rows that a changed filter hides leave the selection, and it says so', async () => {
  await filter().fill('ns:shop ')
  await row('mail').getByRole('checkbox').click()
  await row('web-1').getByRole('checkbox').click()
  await expect(selection()).toContainText('2 Pods selected')
  await filter().fill('app=web ')
  await expect(selection()).toContainText('Pod web-1 selected')
  await expect(selection()).toContainText('1 left the selection')
  await selection()
    .getByRole('button', { name: /^Delete/ })
    .click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('shop/web-1')
  await expect(dialog).not.toContainText('shop/mail')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await selection().getByRole('button', { name: 'Clear the selection' }).click()
  await clear()
})

test('ranges are selected with Shift by mouse and keys, and all that match at once', async () => {
  await row('mail').getByRole('checkbox').click()
  await row('web-2')
    .getByRole('checkbox')
    .click({ modifiers: ['Shift'] })
  await expect(selection()).toContainText('4 Pods selected')
  await page.keyboard.press('Escape')
  await expect(selection()).toHaveCount(0)
  await row('web-1').click()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(selection()).toContainText('3 Pods selected')
  await selection().getByRole('button', { name: 'Select all 2 more that match' }).click()
  await expect(selection()).toContainText('5 Pods selected')
  await page.keyboard.press('Escape')
})

test('the menu of a row opens by key and by right click, and has the kubectl commands of its actions', async () => {
  await row('tool').click()
  await page.keyboard.press('Escape')
  await page.keyboard.press('.')
  await expect(page.getByRole('menuitem', { name: 'Copy name' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('menu')).toHaveCount(0)
  await row('tool').click({ button: 'right' })
  await page.getByRole('menuitem', { name: /^kubectl commands/ }).click()
  const dialog = page.getByRole('dialog', { name: 'kubectl for tool' })
  await expect(dialog).toContainText(`kubectl --context ${slipway.ready.name} -n default delete pod tool`)
  await page.keyboard.press('Escape')
})

test('the list is copied as kubectl with as much of its filter as kubectl can say', async () => {
  await filter().fill('app=web,mail -ns:default node:w status:crash ')
  await page.getByRole('button', { name: 'Copy as kubectl' }).click()
  await expect(page.getByRole('log', { name: 'Notices' })).toContainText('Copied without status:crash')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    `kubectl --context ${slipway.ready.name} get pods --all-namespaces -l 'app in (web,mail)' ` +
      "--field-selector 'metadata.namespace!=default,spec.nodeName=w'",
  )
  await clear()
})

test('columns are chosen and ordered, a label is one, and all are remembered', async () => {
  await page.getByRole('button', { name: 'Columns', exact: true }).click()
  await page.getByRole('checkbox', { name: 'IP', exact: true }).uncheck()
  await page.getByRole('checkbox', { name: 'Memory used', exact: true }).uncheck()
  await page.getByRole('button', { name: 'Move Status to the left' }).click()
  await page.getByRole('combobox', { name: 'Label as a column' }).fill('app')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.keyboard.press('Escape')
  const titles = () =>
    page
      .getByRole('columnheader')
      .allInnerTexts()
      .then((all) => all.map((text) => text.trim()).filter(Boolean))
  await expect
    .poll(titles)
    .toEqual(['Name', 'Namespace', 'Status', 'Ready', 'Restarts', 'CPU used', 'Node', 'Age', 'app'])
  await settingsSaved(page)
  await page.reload()
  await expect(row('web-1')).toBeVisible()
  await expect
    .poll(titles)
    .toEqual(['Name', 'Namespace', 'Status', 'Ready', 'Restarts', 'CPU used', 'Node', 'Age', 'app'])
})

test('a column is made wider by keys and by its edge, and stays so', async () => {
  const header = page.getByRole('columnheader', { name: 'Namespace' })
  const width = async (): Promise<number> => Math.round((await header.boundingBox())?.width ?? 0)
  const before = await width()
  await header.getByRole('button').focus()
  await page.keyboard.press('Shift+ArrowRight')
  await expect.poll(width).toBe(before + 16)
  const box = await header.boundingBox()
  if (!box) throw new Error('no header')
  await page.mouse.move(box.x + box.width - 1, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width + 39, box.y + box.height / 2)
  await page.mouse.up()
  await expect.poll(width).toBeGreaterThan(before + 40)
  const wide = await width()
  await settingsSaved(page)
  await page.reload()
  await expect(row('web-1')).toBeVisible()
  await expect.poll(width).toBe(wide)
})

test('favourites and what was looked at last stand at the top of the sidebar', async () => {
  await page.getByRole('button', { name: 'Favourite: Services' }).click()
  await expect(kinds().getByRole('link', { name: 'Services', exact: true })).toHaveCount(2)
  await row('web-1').click()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/shop\/web-1$/)
  await page.goBack()
  await kinds().getByRole('button', { name: 'Recent' }).click()
  await expect(kinds().getByRole('link', { name: 'web-1' })).toBeVisible()
  await kinds().getByRole('button', { name: 'Recent' }).click()
  await page.getByRole('button', { name: 'Favourite: Services' }).first().click()
  await expect(kinds().getByRole('link', { name: 'Services', exact: true })).toHaveCount(1)
})

test('the YAML of a row is copied', async () => {
  await row('web-1').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Copy YAML' }).click()
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/kind: Pod[\s\S]*name: web-1/)
})

test('a filter is saved as a view with a live count', async () => {
  await filter().fill('app=web ')
  await page.getByRole('button', { name: 'Save view' }).click()
  await page.getByRole('textbox', { name: 'Name of the view' }).fill('Web')
  await page.keyboard.press('Enter')
  const view = page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: /^Web/ })
  await expect(view).toHaveText(/Web\s*3/)
  await clear()
  await kubectl.withInput(JSON.stringify(pod('web-3', 'shop', 'web')), 'apply', '-f', '-')
  await expect(view).toHaveText(/Web\s*4/)
  await view.click()
  await expect.poll(names).toHaveLength(4)
  await clear()
})

test('a bulk action names its target and tells the result of each object', async () => {
  await openKind('Deployments')
  await expect(row('one')).toBeVisible()
  await row('one').getByRole('checkbox').click()
  await row('two').getByRole('checkbox').click()
  await selection().getByRole('button', { name: 'Scale' }).click()
  const dialog = page.getByRole('dialog', { name: 'Scale 2 Deployments' })
  await expect(dialog).toContainText(`${slipway.ready.name} / shop`)
  await dialog.getByRole('textbox', { name: 'Replicas' }).fill('1')
  await dialog.getByRole('button', { name: `Scale 2 Deployments in ${slipway.ready.name} / shop` }).click()
  await expect(dialog).toBeHidden()
  await kubectl.waitForValue('deployment/two', '{.spec.replicas}', '1', '-n', 'shop')

  await row('one').getByRole('checkbox').click()
  await row('two').getByRole('checkbox').click()
  // Meanwhile one of them becomes another object of the same name.
  await selection()
    .getByRole('button', { name: /^Delete/ })
    .click()
  const deleting = page.getByRole('dialog', { name: 'Delete 2 Deployments?' })
  await expect(deleting).toContainText('shop/one')
  await kubectl.ok('delete', 'deployment', 'one', '-n', 'shop')
  await kubectl.withInput(
    JSON.stringify({ ...objects.at(-2), metadata: { name: 'one', namespace: 'shop' } }),
    'apply',
    '-f',
    '-',
  )
  await deleting.getByRole('button', { name: /^Delete 2 Deployments in/ }).click()
  await expect(deleting.getByRole('alert')).toContainText('1 failed')
  await expect(deleting.getByRole('listitem').filter({ hasText: 'shop/two' })).toContainText('Done')
  await expect(deleting.getByRole('listitem').filter({ hasText: 'shop/one' })).toContainText('Failed')
  await deleting.getByRole('button', { name: 'Cancel' }).click()
})

test('who deletes several objects that hold data has to type how many', async () => {
  await page.getByRole('searchbox', { name: 'Find a kind' }).fill('persistentvolumes')
  await openKind('PersistentVolumes')
  await expect(row('disk-1')).toBeVisible()
  await row('disk-1').getByRole('checkbox').click()
  await row('disk-2').getByRole('checkbox').click()
  await selection()
    .getByRole('button', { name: /^Delete/ })
    .click()
  const dialog = page.getByRole('dialog', { name: 'Delete 2 PersistentVolumes?' })
  const button = dialog.getByRole('button', { name: /^Delete 2 PersistentVolumes in/ })
  await expect(button).toBeDisabled()
  await expectAccessible(page, frame)
  await dialog.getByRole('textbox', { name: 'Name to confirm' }).fill('2 PersistentVolumes')
  await button.click()
  await expect(dialog).toBeHidden()
  await expect(row('disk-1')).toHaveCount(0)
  await page.getByRole('searchbox', { name: 'Find a kind' }).fill('')
})

test('a custom kind that appears is in the sidebar, and its list has the columns that the server prints', async () => {
  await expect(kinds().getByRole('link', { name: 'Widgets', exact: true })).toHaveCount(0)
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
            },
          },
          additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        },
      ],
    },
  }
  await kubectl.withInput(JSON.stringify(definition), 'apply', '-f', '-')
  await openKind('Widgets')
  await expect(page.getByText('No Widgets', { exact: true })).toBeVisible()
  const widget = (size: number) =>
    JSON.stringify({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'first', namespace: 'shop' },
      spec: { size },
    })
  await kubectl.waitForValue('crd/widgets.example.com', '{.status.conditions[?(@.type=="Established")].status}', 'True')
  await kubectl.withInput(widget(3), 'apply', '-f', '-')
  await expect(page.getByRole('columnheader', { name: 'Size' })).toBeVisible()
  await expect(row('first').getByRole('cell', { name: '3', exact: true })).toBeVisible()
  await kubectl.withInput(widget(4), 'apply', '-f', '-')
  await expect(row('first').getByRole('cell', { name: '4', exact: true })).toBeVisible()
  await expectAccessible(page, frame)
  await kubectl.ok('delete', 'crd', 'widgets.example.com')
  await expect(kinds().getByRole('link', { name: 'Widgets', exact: true })).toHaveCount(0)
  await expect(page.getByText('This cluster has no kind “widgets.example.com”')).toBeVisible()
})

test('lists are accessible with and without rows, and their toolbars wrap in narrow windows', async () => {
  await openKind('Pods')
  await filter().fill('ns:shop ')
  await row('web-1').getByRole('checkbox').click()
  await expectAccessible(page, frame)
  await page.setViewportSize({ width: 900, height: 700 })
  for (const button of await selection().getByRole('button').all()) await expect(button).toBeInViewport({ ratio: 1 })
  await row('web-2').click()
  await expect(page.getByRole('complementary')).toBeInViewport({ ratio: 1 })
  await expectAccessible(page, frame)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.setViewportSize({ width: 1440, height: 900 })
  await filter().fill('nothing-has-this ')
  await expect(page.getByText('Pods hidden by the filter')).toBeVisible()
  await expectAccessible(page, frame)
  await clear()
})

for (const width of [900, 1440])
  test(`at ${width} px nothing of a list is cut without an ellipsis and a title, and one thing scrolls`, async () => {
    await page.setViewportSize({ width, height: 800 })
    for (const kind of ['pods', 'deployments', 'events', 'nodes', 'services']) {
      await page.goto(page.url().replace(/\/c\/([^/]+)\/.*/, `/c/$1/${kind}`))
      await expect(page.locator('[data-row]')).not.toHaveCount(0)
      await expect.poll(() => clippedTexts(page), { message: kind }).toEqual([])
      expect(await secondScrollbars(page)).toEqual([])
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  })

test('a name with marks that reverse text shows them', async () => {
  await kubectl.ok('create', 'clusterrole', 'admin\u202Egnp.exe', '--verb=get', '--resource=pods')
  await page.getByRole('searchbox', { name: 'Find a kind' }).fill('clusterrole')
  await openKind('ClusterRoles')
  await filter().fill('gnp')
  await expect(page.getByRole('cell', { name: 'admin\\u202Egnp.exe', exact: true })).toBeVisible()
  await page.getByRole('searchbox', { name: 'Find a kind' }).fill('')
})

test('an address of a kind that the cluster does not have says so', async () => {
  await page.goto(page.url().replace(/\/clusterroles.*/, '/gadgets.example.com'))
  await expect(page.getByText('This cluster has no kind “gadgets.example.com”')).toBeVisible()
})
