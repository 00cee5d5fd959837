import { expect, test, type Locator, type Page } from '@playwright/test'
import { stringify } from 'yaml'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { settingsSaved } from '../support/settings-saved.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** A namespace goes to another cluster, which the app knows by a kubeconfig alone; again, without drift; and back. */
test.describe.configure({ mode: 'serial' })

const near = `near-${process.pid}`
const far = `far-${process.pid}`
const context = `slipway-${far}`
const secretText = 'not-for-the-screen'
let source: Slipway
let target: Slipway
let here: Kubectl
let there: Kubectl
let page: Page
let home: string

test.beforeAll(async ({ browser }) => {
  target = await slipwayUp({ name: far, args: ['--simulated', '2'] })
  source = await slipwayUp({ name: near, args: ['--simulated', '2'], env: { KUBECONFIG: target.kubeconfig } })
  here = createKubectl(source.kubeconfig)
  there = createKubectl(target.kubeconfig)
  const { code, stderr } = await here.withInput(
    objects.map((object) => stringify(object)).join('---\n'),
    'apply',
    '-f',
    '-',
  )
  if (code !== 0) throw new Error(stderr)
  await here.ok('wait', '--for=condition=Established', 'crd/coupons.example.com', '--timeout=60s')
  const coupon = { apiVersion: 'example.com/v1', kind: 'Coupon', metadata: { name: 'spring', namespace: 'shop' } }
  await here.withInput(stringify(coupon), 'create', '-f', '-')
  await here.waitForValue('deployment/web', '{.status.readyReplicas}', '2', '-n', 'shop')
  page = await (await browser.newContext()).newPage()
  await page.goto(source.ready.ui)
  home = new URL('/', source.ready.ui).href
})
test.afterAll(async () => {
  await source?.end()
  await target?.end()
})

const open = async (path: string): Promise<void> => {
  // Another document: what the source has is read anew.
  await page.goto('about:blank')
  await page.goto(`${home}#/c/local:${near}/${path}`)
}
const region = (name: string | RegExp): Locator => page.getByRole('region', { name })
const compared = (): Locator => region(/^What changes in/)
const row = (name: string): Locator => compared().getByRole('listitem').filter({ hasText: name })
const figure = (name: string): Locator =>
  region(/^Promoted to/)
    .getByText(name, { exact: true })
    .locator('..')
const apply = (): Locator => page.getByRole('button', { name: /^Apply \d+ object/ })
const image = (): Promise<string> => there.ok('-n', 'shop', 'get', 'deployment', 'web', '-o', 'jsonpath={..image}')
async function undo(): Promise<void> {
  await page.getByRole('button', { name: /^Undo in/ }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Undo in/ })
    .click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
}

test('says what the target lacks, and takes no Secret by itself', async () => {
  await open('deployments/shop/web')
  await page.getByRole('button', { name: 'More for web' }).click()
  await page.getByRole('menuitem', { name: 'Promote web' }).click()
  await expect(page.getByRole('heading', { name: 'Promote' })).toBeVisible()
  await expect(page.getByRole('checkbox', { name: 'Take ConfigMap settings' })).toBeChecked()
  await expect(page.getByRole('checkbox', { name: 'Take Service web' })).toBeChecked()
  await expect(page.getByRole('checkbox', { name: 'Take PersistentVolumeClaim uploads' })).not.toBeChecked()

  await open('configmaps?filter=ns:shop')
  await page.locator('[data-row]').filter({ hasText: 'settings' }).getByRole('checkbox').check()
  await page.getByRole('region', { name: 'Selection' }).getByRole('button', { name: 'Promote' }).click()
  await expect(page.getByRole('checkbox', { name: 'Take ConfigMap settings' })).toBeChecked()
  await expect(page.getByRole('checkbox', { name: 'Take Deployment web' })).not.toBeChecked()

  await open('promote/shop')
  await page.getByRole('combobox', { name: 'Target context' }).selectOption({ label: context })
  const lacks = region(new RegExp(`^What .*${far} / shop lacks`))
  await expect(lacks).toContainText('Coupon example.com/v1 is not served there')
  await expect(lacks).toContainText('StorageClass fast of PersistentVolumeClaim uploads does not exist there')
  await expect(lacks).toContainText('Secret token, named by Deployment web,')
  await expect(page.getByRole('checkbox', { name: 'Take Secret token' })).not.toBeChecked()
  await expect(page.getByRole('checkbox', { name: /kube-root-ca|Take Pod|Take ReplicaSet|Take Endpoint/ })).toHaveCount(
    0,
  )
  await expect(apply()).toBeDisabled()
  await expect(page.getByRole('status').filter({ hasText: '1 object cannot be applied' })).toBeVisible()
  await expectAccessible(page)
  await lacks.getByRole('button', { name: 'Leave out 1' }).click()
  await lacks.getByRole('combobox', { name: 'Class in place of fast' }).selectOption('standard')
  await lacks.getByRole('button', { name: 'Take Secret token' }).click()
  await expect(lacks).toContainText('Nothing that these objects name or need')
  await row('Secret')
    .getByRole('button', { name: /^Show what changes/ })
    .click()
  await expect(compared().getByRole('region', { name: /token$/ })).toContainText('key:')
  expect(await page.content()).not.toContain(Buffer.from(secretText).toString('base64'))
})

test('applies everything in order, as a manager of its own, and finds nothing to change afterwards', async () => {
  await apply().click()
  await expect(figure('Applied')).toContainText('5 of 5')
  await expect(figure('Promote again')).toContainText('0 would change')
  await there.waitForValue('deployment/web', '{.status.readyReplicas}', '2', '-n', 'shop')
  await there.waitForValue('pvc/uploads', '{.spec.storageClassName}', 'standard', '-n', 'shop')
  const web = JSON.parse(
    await there.ok('-n', 'shop', 'get', 'deployment', 'web', '-o', 'json', '--show-managed-fields'),
  ) as { metadata: { annotations?: object; managedFields: { manager: string; operation: string }[] } }
  expect(web.metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: 'slipway-promote', operation: 'Apply' }),
  )
  expect(JSON.stringify(web.metadata.annotations ?? {})).not.toContain('last-applied')
  expect(await there.ok('-n', 'shop', 'get', 'secret', 'token', '-o', 'jsonpath={.data.key}')).toBe(
    Buffer.from(secretText).toString('base64'),
  )
  await expectAccessible(page)
})

test('promotes a change alone, and puts back what was there', async () => {
  await here.ok('-n', 'shop', 'set', 'image', 'deployment/web', 'web=example/web:2')
  await open(`promote/shop?to=kubeconfig:${context}&objects=deployments/web`)
  await expect(compared()).toContainText('0 new, 1 changed')
  await expect(row('Deployment')).toContainText('spec.template.spec.containers[web].image')
  await row('Deployment')
    .getByRole('button', { name: /^Show what changes/ })
    .click()
  await expect(compared().getByRole('region', { name: 'What promoting changes in web' })).toContainText('example/web:2')
  await apply().click()
  await expect(figure('Promote again')).toContainText('0 would change')
  expect(await image()).toBe('example/web:2')
  await undo()
  expect(await image()).toBe('example/web:1')
  // The fields have their former owner: nothing stands in the way of promoting once more.
  await expect(compared()).toContainText('0 new, 1 changed')
  await expect(apply()).toBeEnabled()
  await apply().click()
  await expect(figure('Promote again')).toContainText('0 would change')
  expect(await image()).toBe('example/web:2')
})

test('fields of others are taken over only when that is ticked', async () => {
  await there.ok('-n', 'shop', 'set', 'image', 'deployment/web', 'web=example/web:3', '--field-manager=gitops')
  await open(`promote/shop?to=kubeconfig:${context}&objects=deployments/web`)
  await expect(row('Deployment')).toContainText('fields of gitops')
  await expect(apply()).toBeDisabled()
  await page.getByRole('checkbox', { name: 'Take over 1 field of gitops' }).check()
  await apply().click()
  await expect(figure('Promote again')).toContainText('0 would change')
  expect(await image()).toBe('example/web:2')
})

test('a namespace that was created goes again, and a read-only context says why not', async () => {
  await open(`promote/shop?to=kubeconfig:${context}&into=trial&objects=deployments/web`)
  await expect(row('Namespace')).toContainText('new')
  await expect(compared()).toContainText('3 new, 0 changed, 0 equal + namespace')
  await expect(apply()).toContainText('Apply 3 objects to')
  await apply().click()
  // The namespace is told beside the objects, and is none of them.
  await expect(figure('Created')).toContainText('3')
  await there.ok('-n', 'trial', 'get', 'deployment', 'web')
  await undo()
  await expect.poll(() => there.ok('get', 'namespaces', '-o', 'name')).not.toContain('trial')

  await page.goto(home)
  const lock = page.getByRole('switch', { name: /^Read-only: .*far-/ })
  await lock.click()
  await settingsSaved(page)
  await open(`promote/shop?to=kubeconfig:${context}`)
  await expect(page.getByText('is read-only in Slipway').first()).toBeVisible()
  await expect(apply()).toHaveCount(0)
})

const container = {
  ...{ name: 'web', image: 'example/web:1', envFrom: [{ configMapRef: { name: 'settings' } }] },
  env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'token', key: 'key' } } }],
}
const labels = { app: 'web' }
const metadata = (name: string): object => ({ name, namespace: 'shop' })
const coupons = { kind: 'Coupon', plural: 'coupons', singular: 'coupon' }
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'shop' } } },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'example.com/fast',
  },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('settings'), data: { currency: 'EUR' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: metadata('token'), stringData: { key: secretText } },
  {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: metadata('uploads') },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
  },
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: metadata('web') },
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('web') },
    spec: {
      ...{ replicas: 2, selector: { matchLabels: labels } },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  },
  {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'coupons.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', names: coupons },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
]
