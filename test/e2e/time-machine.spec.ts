import { expect, test, type Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** What objects were, and the way back, on a cluster without workers. */
test.describe.configure({ mode: 'serial' })

const cluster = `time-${process.pid}`
let slipway: Slipway
let kubectl: Kubectl
let page: Page
let home: string

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--workers', '0'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok('create', 'namespace', 'shop')
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
})
test.afterAll(() => slipway?.end())

const open = (path: string): Promise<unknown> => page.goto(`${home}#/c/local:${cluster}/${path}`)
const inShop = (...args: string[]): Promise<string> => kubectl.ok('-n', 'shop', ...args)
const region = (name: string | RegExp) => page.getByRole('region', { name })

test('shows the versions of an object with who wrote them, and restores one', async () => {
  await inShop('create', 'configmap', 'settings', '--from-literal=currency=EUR')
  await inShop('patch', 'configmap', 'settings', '-p', '{"data":{"currency":"USD"}}', '--field-manager=kubectl-edit')
  await open('configmaps/shop/settings')
  await page.getByRole('button', { name: 'More for settings' }).click()
  await page.getByRole('menuitem', { name: 'Time machine' }).click()
  await expect(page.getByRole('heading', { name: 'Time machine of settings' })).toBeVisible()
  const versions = region('Versions')
  await expect(versions.getByRole('listitem')).toHaveCount(2)
  await expect(versions).toContainText('data.currency')
  await expect(versions).toContainText('kubectl-edit')
  await expect(versions).toContainText('kubectl-create')
  const diff = region('What changed')
  await expect(diff).toContainText('currency: EUR')
  await expect(diff).toContainText('currency: USD')
  await expectAccessible(page)

  // The slider walks through the versions by the keyboard.
  const slider = page.getByRole('slider', { name: 'Version' })
  await slider.focus()
  await page.keyboard.press('ArrowLeft')
  await expect(versions.locator('[aria-current=true]')).toContainText('created')
  await page.getByRole('button', { name: `Restore settings in ${cluster} / shop` }).click()
  await expect(versions.getByRole('listitem')).toHaveCount(3)
  expect(await inShop('get', 'configmap', 'settings', '-o', 'jsonpath={.data.currency}')).toBe('EUR')
})

test('an object that is gone comes back; what the server refuses says why', async () => {
  await inShop('delete', 'configmap', 'settings')
  await open('time-machine/configmaps/shop/settings')
  await expect(region('Versions')).toContainText('deleted')
  await kubectl.ok('create', 'quota', 'none', '-n', 'shop', '--hard=count/configmaps=1')
  await expect
    .poll(() => inShop('get', 'quota', 'none', '-o', 'jsonpath={.status.used}'))
    .toContain('"count/configmaps":"1"')
  await page.reload()
  await expect(page.getByRole('alert')).toContainText('exceeded quota: none')
  await expect(page.getByRole('button', { name: /^Restore settings/ })).toBeDisabled()
  await kubectl.ok('delete', 'quota', 'none', '-n', 'shop')
  await page.reload()
  await page.getByRole('button', { name: /^Restore settings/ }).click()
  await kubectl.waitForValue('configmap/settings', '{.data.currency}', 'EUR', '-n', 'shop')
})

test('values of a Secret are shown only when they are asked for', async () => {
  await inShop('create', 'secret', 'generic', 'token', '--from-literal=key=first-value')
  const second = Buffer.from('second-value').toString('base64')
  await inShop('patch', 'secret', 'token', '-p', JSON.stringify({ data: { key: second } }))
  await open('time-machine/secrets/shop/token')
  await expect(page.getByText('Only values of the Secret differ')).toBeVisible()
  expect(await page.content()).not.toContain(second)
  await page.getByRole('button', { name: 'Show values' }).click()
  await expect(region('What changed')).toContainText(second)
})

test('a namespace goes back to a time, after a dry run', async () => {
  await inShop('create', 'configmap', 'kept', '--from-literal=a=1')
  await inShop('create', 'deployment', 'web', '--image=example/web:1')
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const then = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await inShop('set', 'image', 'deployment/web', 'web=example/web:2')
  await inShop('delete', 'configmap', 'kept')
  await inShop('create', 'configmap', 'new', '--from-literal=a=1')
  await open(`time-machine?namespace=shop&at=${then}`)
  const differs = region('3 objects differ')
  await expect(differs.getByRole('listitem')).toHaveCount(3)
  await expect(differs).toContainText('containers[0].image')
  await expect(differs.getByRole('listitem').filter({ hasText: 'new' })).toContainText('created since; stays')
  await differs.getByRole('button', { name: 'Show what differs in web' }).click()
  await expect(differs.getByRole('region', { name: 'What restoring changes in web' })).toContainText('example/web:1')
  await expectAccessible(page)
  await differs.getByRole('button', { name: 'Choose all 2' }).click()
  await expect(differs.getByRole('button', { name: /^Restore 2/ })).toBeDisabled()
  await differs.getByRole('button', { name: 'Dry run' }).click()
  await expect(differs.getByText('The server would take it')).toHaveCount(2)
  expect(await inShop('get', 'configmaps', '-o', 'name')).not.toContain('kept')
  await differs.getByRole('button', { name: `Restore 2 in ${cluster} / shop` }).click()
  await expect(region('1 object differs')).toBeVisible()
  expect(await inShop('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('1')
  expect(await inShop('get', 'deployment', 'web', '-o', 'jsonpath={..image}')).toBe('example/web:1')
})
