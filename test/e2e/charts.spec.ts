import { expect, test, type Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** Charts of the built-in metrics, and small lines in tables, on simulated workers that use what their pods say. */
test.describe.configure({ mode: 'serial' })

const cluster = `charts-${process.pid}`
let slipway: Slipway
let page: Page

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    annotations: { 'simulated.slipway.dev/cpu-usage': '150m', 'simulated.slipway.dev/memory-usage': '64Mi' },
  },
  spec: {
    containers: ['app', 'side'].map((name) => ({
      name,
      image: 'x',
      resources: { requests: { cpu: '200m', memory: '64Mi' }, limits: { cpu: '400m', memory: '128Mi' } },
    })),
  },
}
const go = (path: string): Promise<unknown> =>
  page.goto(`${new URL(slipway.ready.ui).origin}/#/c/local:${cluster}/${path}`)

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--simulated', '1'] })
  await createKubectl(slipway.kubeconfig).withInput(JSON.stringify(pod), 'apply', '-f', '-')
  page = await (await browser.newContext()).newPage()
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(slipway.ready.ui)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
})
test.afterAll(() => slipway?.end())

test('a pod has charts of its use with its request and limit, of all containers or of one', async () => {
  await go('pods/default/web?tab=metrics')
  const cpu = page.getByRole('region', { name: 'CPU', exact: true })
  await expect(cpu).toContainText('300m', { timeout: 60_000 })
  await expect(cpu).toContainText('requested')
  await page.getByLabel('Container', { exact: true }).selectOption('app')
  await expect(cpu).toContainText('150m')
  await expectAccessible(page)
})

test('the arrow keys move one cross-hair over all charts, and a table tells the same', async () => {
  const cpu = page.getByRole('slider', { name: 'CPU' })
  const memory = page.getByRole('slider', { name: 'Memory' })
  await cpu.focus()
  await page.keyboard.press('ArrowLeft')
  await expect(cpu).toHaveAttribute('aria-valuetext', /\d\d:\d\d.*, used/)
  await expect(memory).toHaveAttribute('aria-valuetext', /\d\d:\d\d.*, used/)
  await page.getByRole('button', { name: '5 min', exact: true }).click()
  await page.getByRole('button', { name: 'Table', exact: true }).click()
  await expect(page.getByRole('columnheader', { name: 'CPU' })).toBeVisible()
  await expect(page.getByRole('cell', { name: '150m' }).first()).toBeVisible()
  await expectAccessible(page)
})

test('rows of pods and nodes tell what they use', async () => {
  await go('pods')
  await expect(page.locator('[data-row]').filter({ hasText: 'web' })).toContainText('300m')
  await go('nodes')
  await expect(page.locator('[data-row]').first()).toContainText(/\d+m|cores/)
})
