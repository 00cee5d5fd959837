import { expect, test, type Locator, type Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The overview of a cluster and of a namespace, on simulated workers: what is wrong is told and leads there. */
test.describe.configure({ mode: 'serial' })

const cluster = `overview-${process.pid}`
let slipway: Slipway
let page: Page
let kubectl: Kubectl

const workload = (name: string, replicas: number, annotations: Record<string, string> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: {
        containers: [
          {
            name: 'c',
            image: `${name}:1`,
            ports: [{ name: 'http', containerPort: 8080 }],
            resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          },
        ],
      },
    },
  },
})
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  // Before the pods: each is counted when it is admitted.
  {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'small', namespace: 'shop' },
    spec: { hard: { pods: '5' } },
  },
  workload('web', 3),
  workload('mail', 1, { 'simulated.slipway.dev/pull-error': 'manifest unknown' }),
]
const region = (name: string): Locator => page.getByRole('region', { name, exact: true })
const go = (path: string): Promise<unknown> =>
  page.goto(`${new URL(slipway.ready.ui).origin}/#/c/local:${cluster}/${path}`)

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--simulated', '2'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-')
  page = await (await browser.newContext()).newPage()
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(slipway.ready.ui)
})
test.afterAll(() => slipway?.end())

test('a context opens with its overview: health, and what needs attention', async () => {
  await page.getByRole('button', { name: `Open ${cluster}` }).click()
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
  await expect(region('Health')).toContainText('2 of 2 Ready')
  await expect(region('Health')).toContainText('3 of 4 running')
  const attention = region('Needs attention')
  await expect(attention.getByRole('listitem').filter({ hasText: 'mail' })).toContainText('no image')
  await expect(attention.getByRole('listitem').filter({ hasText: 'small' })).toContainText('pods at 80%: 4 of 5')
  await expect(region('Recent changes')).toContainText('revision 1')
  await expectAccessible(page)
})

test('each finding leads to its object, and the health to the list of what is unwell', async () => {
  await region('Needs attention').getByRole('link', { name: 'mail' }).click()
  await expect(page.getByRole('heading', { name: 'mail', level: 1 })).toBeVisible()
  await page.goBack()
  await region('Health').getByRole('link', { name: 'Pods' }).click()
  await expect(page).toHaveURL(/pods\?filter=status:unhealthy/)
  await expect(page.locator('[data-row]')).toHaveCount(1)
})

test('what runs where has each pod on its worker, and the scheduler says where else it can go', async () => {
  await go('overview')
  await kubectl.ok('cordon', `${cluster}-worker-2`)
  await expect(
    region('Needs attention')
      .getByRole('listitem')
      .filter({ hasText: `${cluster}-worker-2` }),
  ).toBeVisible()
  const places = region('What runs where')
  const cells = places.getByRole('button', { name: /^web-.* in shop, Running/ })
  await expect(cells).toHaveCount(3)
  await cells.first().click()
  const panel = page.getByRole('region', { name: /^Where web-.* can go$/ })
  await expect(panel).toContainText('by the filters of default-scheduler')
  await expect(panel.getByRole('listitem').filter({ hasText: 'worker-1' })).toContainText(
    /It is here now|It can go there/,
  )
  await expect(panel.getByRole('listitem').filter({ hasText: 'worker-2' })).toContainText(
    'NodeUnschedulable: node(s) were unschedulable',
  )
  await places.getByRole('button', { name: 'Memory' }).click()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Close' }).click()
  // Dragged, each worker answers where it is.
  const worker = (n: number): Locator => places.getByRole('listitem', { name: `${cluster}-worker-${n}`, exact: true })
  await cells.first().hover()
  await page.mouse.down()
  await worker(2).hover({ position: { x: 20, y: 20 } })
  await worker(2).hover({ position: { x: 60, y: 20 } })
  await expect(worker(2).getByRole('status')).toContainText('NodeUnschedulable')
  await expect(worker(1).getByRole('status')).toContainText(/It is here now|It can go there/)
  await page.mouse.up()
  await expect(worker(2).getByRole('status')).toHaveCount(0)
  await panel.getByRole('button', { name: 'Close' }).click()
  await places
    .getByRole('button', { name: /in shop/ })
    .first()
    .focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.locator('[data-cell="0 1"]')).toBeFocused()
  await kubectl.ok('uncordon', `${cluster}-worker-2`)
})

test('what is mended goes, and a rollout is told with its images', async () => {
  await go('overview')
  await expect(region('Needs attention')).toContainText('mail')
  await kubectl.ok('delete', 'deployment', 'mail', '-n', 'shop')
  await kubectl.ok('delete', 'quota', 'small', '-n', 'shop')
  await kubectl.ok('set', 'image', 'deployment/web', 'c=web:2', '-n', 'shop')
  await expect(region('Needs attention')).toContainText('Nothing needs attention')
  await expect(region('Recent changes')).toContainText('web:1 → web:2')
})

test('a namespace has an overview of its own, which leads to lists of that namespace', async () => {
  await region('Namespaces').getByRole('link', { name: 'shop' }).click()
  await expect(page.getByRole('heading', { name: 'Overview of shop', level: 1 })).toBeVisible()
  await expect(region('Health')).toContainText('3 of 3 running')
  await region('Health').getByRole('link', { name: 'Pods' }).click()
  await expect(page).toHaveURL(/filter=ns:shop/)
  await page.goBack()
  await page.keyboard.press('g')
  await page.keyboard.press('o')
  await expect(page.getByRole('heading', { name: 'Overview', level: 1, exact: true })).toBeVisible()
})
