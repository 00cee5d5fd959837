import { expect, test, type Locator, type Page } from '@playwright/test'
import { expectAccessibleInBothThemes } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The map of a namespace, on simulated workers: the way of traffic, what is wrong with it, and 500 pods. */
test.describe.configure({ mode: 'serial' })

const cluster = `topology-${process.pid}`
let slipway: Slipway
let page: Page
let kubectl: Kubectl

const workload = (name: string, replicas: number, namespace = 'shop') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            ...{ name: 'c', image: `${name}:1`, ports: [{ name: 'http', containerPort: 8080 }] },
            envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'token', optional: true } }],
          },
        ],
      },
    },
  },
})
const service = (name: string, app: string, targetPort: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app }, ports: [{ port: 80, targetPort }] },
})
const path = (to: string) => ({
  ...{ path: `/${to}`, pathType: 'Prefix', backend: { service: { name: to, port: { number: 80 } } } },
})
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'crowd' } },
  ...['shop', 'crowd'].map((namespace) => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: {} },
  })),
  ...[workload('web', 8), workload('api', 2), workload('mail', 1)],
  ...[service('web', 'web', 'http'), service('api', 'api', 'metrics'), service('mail', 'post', 'http')],
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'shop' },
    spec: { rules: [{ host: 'shop.localhost', http: { paths: ['web', 'api', 'gone'].map(path) } }] },
  },
]
const crowd = Array.from({ length: 50 }, (_, at) => workload(`crowd-${at}`, 10, 'crowd'))
const apply = (items: object[]): Promise<unknown> =>
  kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-')

const map = (): Locator => page.getByRole('toolbar', { name: /^Map of / })
const node = (id: string): Locator => page.locator(`[data-node="${id}"]`)
const go = (namespace: string): Promise<unknown> =>
  page.goto(`${new URL(slipway.ready.ui).origin}/#/c/local:${cluster}/topology/${namespace}`)

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--simulated', '6'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await apply(objects)
  await kubectl.waitForValue('deployment/web', '{.status.readyReplicas}', '8', '-n', 'shop')
  page = await (await browser.newContext({ colorScheme: 'light' })).newPage()
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(slipway.ready.ui)
})
test.afterAll(() => slipway?.end())

test('the sidebar leads to the choice of a namespace, and that to its map', async () => {
  await page.getByRole('button', { name: `Open ${cluster}` }).click()
  await page.getByRole('link', { name: 'Topology', exact: true }).click()
  await expect(page.getByRole('main').getByRole('heading', { name: 'Topology', level: 1 })).toBeVisible()
  await page.getByRole('main').getByRole('link', { name: 'shop' }).click()
  await expect(map()).toBeVisible()
  await expect(node('Service/web')).toHaveAccessibleName(/^Service web 80 → http ?; leads to Deployment web/)
  await expect(page.getByRole('main')).toContainText('3 workloads, 11 pods')
  await expect(node('Pods/Deployment/web')).toContainText('8 Running')
})

test('problems of traffic are drawn where they are, in words, and listed with why', async () => {
  await expect(node('Service/mail')).toContainText('No endpoints')
  await expect(node('Service/api')).toContainText('No container has the port')
  await expect(node('Service/gone')).toContainText('Does not exist')
  await expectAccessibleInBothThemes(page)
  await map()
    .getByRole('button', { name: /leads to the port named metrics/ })
    .click()
  const panel = page.getByRole('complementary', { name: 'Problems' })
  const item = panel.getByRole('listitem').filter({ hasText: 'metrics' })
  await expect(item).toBeFocused()
  await expect(item).toContainText('The pods declare: http 8080')
  await expectAccessibleInBothThemes(page)
  await page.keyboard.press('Escape')
  await expect(map().getByRole('button', { name: /leads to the port named metrics/ })).toBeFocused()
})

test('the map is live: what is mended is drawn anew', async () => {
  await apply([service('api', 'api', 'http'), service('mail', 'mail', 'http')])
  await expect(node('Service/mail')).not.toContainText('No endpoints')
  await expect(node('Service/api')).not.toContainText('No container has the port')
  await expect(node('Service/mail')).toHaveAccessibleName(/leads to Deployment mail/)
  await apply([
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'closed', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'api' } } },
    },
  ])
  await expect(node('Deployment/api')).toContainText('No traffic let in')
})

test('keys walk along the map, unfold pods and open a page; zooming and the other map have buttons', async () => {
  await node('Ingress/shop').focus()
  for (const key of ['ArrowRight', 'ArrowUp', 'ArrowUp', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
  await expect(node('Pods/Deployment/web')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(node('Pods/Deployment/web')).toHaveAttribute('aria-expanded', 'true')
  await expect(page.locator('[data-node^="Pod/web-"]')).toHaveCount(8)
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('[data-node^="Pod/web-"]').first()).toBeFocused()
  await page.getByRole('button', { name: 'Zoom in' }).click()
  await page.getByRole('button', { name: 'Fit the map into the window' }).click()
  await page.getByRole('button', { name: 'Configuration' }).click()
  await expect(node('ConfigMap/settings')).toHaveAccessibleName('ConfigMap settings ConfigMap')
  await expect(node('Secret/token')).toBeVisible()
  await page.getByRole('button', { name: 'Traffic' }).click()
  await node('Deployment/mail').click()
  await expect(page.getByRole('heading', { name: 'mail', level: 1 })).toBeVisible()
})

test('500 pods are 50 nodes, which can be moved at once', async () => {
  await apply(crowd)
  await go('crowd')
  await expect(page.getByRole('main')).toContainText('50 workloads, 500 pods', { timeout: 60_000 })
  await expect(page.locator('[data-node^="Pods/"]')).toHaveCount(50)
  await expect(page.locator('[data-node^="Pods/"]').filter({ hasText: '10 Running' })).toHaveCount(50, {
    timeout: 60_000,
  })
  await page.getByRole('button', { name: 'Fit the map into the window' }).click()
  await expect(node('Deployment/crowd-49')).toBeInViewport()
})
