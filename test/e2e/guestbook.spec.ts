import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, type Page } from '@playwright/test'
import { serveSlipway, type ServedSlipway } from '../support/slipway.ts'

/**
 * What a new user does in their first ten minutes, on a real Docker Engine: create a cluster of three, deploy the
 * guestbook, read its logs, type in a terminal, edit, lose a worker, get it back, and clean up.
 */
test.describe.configure({ mode: 'serial' })

const artifacts = join(import.meta.dirname, '../../artifacts/e2e')
const guestbook = join(import.meta.dirname, '../../resources/manifests/samples/guestbook.yaml')
/** Of its own: several runs may share an engine. */
const dev = `dev-${process.pid}`
const docker = async (...args: string[]): Promise<string> => (await promisify(execFile)('docker', args)).stdout

let slipway: ServedSlipway
let page: Page
let stage = 0

test.beforeAll(async ({ browser }) => {
  mkdirSync(artifacts, { recursive: true })
  slipway = await serveSlipway()
  page = await browser.newPage()
  page.on('pageerror', (error) => {
    throw error
  })
  await page.goto(slipway.url)
})
test.afterAll(async () => {
  await slipway?.end()
})
test.afterEach(async ({}, info) => {
  const name = `${String(++stage).padStart(2, '0')}-${info.title.replace(/[^a-z0-9]+/gi, '-')}.png`
  await page.screenshot({ path: join(artifacts, name) })
})

const cluster = () => page.getByRole('region', { name: `Cluster ${dev}` })
async function chooseFor(worker: string, action: string): Promise<void> {
  await cluster()
    .getByRole('button', { name: `Actions of ${worker}` })
    .click()
  await page.getByRole('menuitem', { name: action, exact: true }).click()
}
const rows = (name: RegExp | string) =>
  page.getByRole('table', { name: 'Pods' }).getByRole('row').filter({ hasText: name })
const openKind = (title: string) =>
  page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: title, exact: true }).click()

test('creates a cluster of three and watches it come up', async () => {
  await page.getByRole('button', { name: 'Create cluster' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create cluster' })
  await dialog.getByLabel('Name').fill(dev)
  await expect(dialog.getByLabel('Workers', { exact: true })).toHaveValue('3')
  await dialog.getByRole('button', { name: 'Create cluster' }).click()
  await expect(cluster().getByRole('list', { name: 'Steps' })).toContainText('Start workers')
  await expect(cluster()).toContainText('3 of 3 workers Ready', { timeout: 120_000 })
})

test('deploys the guestbook from a pasted manifest', async () => {
  await cluster().getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
  await page.getByRole('button', { name: 'Deploy' }).first().click()
  const manifest = page.getByRole('textbox', { name: 'Manifest' })
  await manifest.click()
  const text = await readFile(guestbook, 'utf8')
  await manifest.evaluate((box, value) => {
    const data = new DataTransfer()
    data.setData('text/plain', value)
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, text)
  await expect(page.getByText('8 objects')).toBeVisible()
  await page.getByRole('button', { name: `Deploy to ${dev} / guestbook` }).click()
  const results = page.getByRole('list', { name: 'Results' })
  await expect(results.getByRole('listitem')).toHaveCount(8)
  await expect(results.getByText('created')).toHaveCount(8)
})

test('sees the pods run, spread over the three workers', async () => {
  await page.getByRole('button', { name: 'Hide dock' }).click()
  await openKind('Pods')
  for (const tier of [/frontend-/, /redis-/]) await expect(rows(tier).first()).toContainText('Running')
  await expect(rows(/frontend-/)).toHaveCount(3)
  await expect(rows(/frontend-.*1\/1/)).toHaveCount(3)
  for (const worker of [`${dev}-worker-1`, `${dev}-worker-2`, `${dev}-worker-3`])
    await expect(rows(/frontend-/).filter({ hasText: worker })).toHaveCount(1)
})

test('streams the logs of all three front ends together', async () => {
  await openKind('Deployments')
  await page.getByRole('table', { name: 'Deployments' }).getByRole('row').filter({ hasText: 'frontend' }).click()
  await page.getByRole('complementary', { name: 'Deployment frontend' }).getByRole('button', { name: 'Logs' }).click()
  const log = page.getByRole('log', { name: 'Logs frontend' })
  await expect(page.getByText('3 containers')).toBeVisible()
  // Readiness probes make every front end write a line now and then.
  await expect(log).toContainText('response:200')
  const sources = await log.locator('[data-origin]').allTextContents()
  await expect
    .poll(async () => new Set(await log.locator('[data-origin]').allTextContents()).size, { timeout: 30_000 })
    .toBeGreaterThan(1)
  expect(sources.every((source) => source.startsWith('frontend-'))).toBe(true)

  await page.getByLabel('Search logs').fill('/response:2\\d+/')
  await page.getByLabel('Search logs').press('Enter')
  await expect(page.getByText(/^1 of \d+$/)).toBeVisible()
  await expect(log.locator('mark').first()).toHaveText('response:200')
  await page.getByRole('button', { name: 'Wrap' }).click()
  await page.getByRole('button', { name: 'Next match' }).click()
  await expect(page.getByText(/^2 of \d+$/)).toBeVisible()
  await expect(log.locator('mark').first()).toBeVisible()
})

test('types in a terminal', async () => {
  await openKind('Pods')
  const pod = rows(/frontend-/).first()
  const name = (await pod.getByRole('cell').nth(1).textContent())?.trim() ?? ''
  await pod.click()
  await page
    .getByRole('complementary', { name: `Pod ${name}` })
    .getByRole('button', { name: 'Shell' })
    .click()
  const terminal = page.getByRole('region', { name: `Terminal ${name}` })
  await expect(terminal).toContainText('/ #')
  await page.keyboard.type('hostname; echo "password is ${REDIS_PASSWORD}"\n')
  await expect(terminal).toContainText(name)
  await expect(terminal).toContainText('password is slipway-guestbook')
  await page.keyboard.type('wget -q -T 5 -O- "http://frontend/cgi-bin/guestbook?entry=ahoy"\n')
  await expect(terminal).toContainText('served by')
  await page.keyboard.type('exit\n')
  await expect(terminal).toContainText('Session ended with exit code 0')
})

test('edits the number of replicas, looks at the difference, and saves', async () => {
  await openKind('Deployments')
  await page.getByRole('table', { name: 'Deployments' }).getByRole('row').filter({ hasText: 'frontend' }).click()
  await page.getByRole('complementary', { name: 'Deployment frontend' }).getByRole('button', { name: 'Edit' }).click()
  const editor = page.getByRole('textbox', { name: 'YAML of Deployment frontend' })
  await expect(editor).toContainText('replicas: 3')
  await editor.getByText('replicas: 3').click()
  await page.keyboard.press('End')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('5')
  await page.getByRole('button', { name: 'Diff to server' }).click()
  await expect(page.getByLabel('Your text')).toContainText('replicas: 5')
  await page.getByRole('button', { name: 'Edit', exact: true }).last().click()
  await page.getByRole('button', { name: 'Dry run' }).last().click()
  await page.getByRole('button', { name: /^Save frontend/ }).click()
  const keepMine = page.getByRole('button', { name: 'Take yours of spec.replicas' })
  const saved = page.getByText('Deployment frontend saved')
  await expect(keepMine.or(saved).first()).toBeVisible()
  if (await keepMine.isVisible()) {
    await keepMine.click()
    await page.getByRole('button', { name: /^Save frontend/ }).click()
  }
  await expect(saved).toBeVisible()
  await openKind('Pods')
  await expect(rows(/frontend-.*1\/1/)).toHaveCount(5)
})

test('loses a worker: its pods come back elsewhere, live', async () => {
  await page.getByRole('button', { name: 'All clusters' }).click()
  await chooseFor(`${dev}-worker-2`, 'Kill')
  const dialog = page.getByRole('dialog', { name: `Kill ${dev}-worker-2 in ${dev}?` })
  await expect(dialog).toContainText(/\d+ pods run there/)
  await dialog.getByRole('button', { name: `Kill ${dev}-worker-2` }).click()
  await expect(cluster().getByRole('region', { name: `${dev}-worker-2` })).toContainText('killed')
  await page.getByRole('button', { name: `Open ${dev}` }).click()
  await openKind('Pods')
  await expect(rows(new RegExp(`frontend-.*1/1.*Running.*${dev}-worker-[13]`))).toHaveCount(5, { timeout: 120_000 })
  await openKind('Nodes')
  await expect(
    page
      .getByRole('table', { name: 'Nodes' })
      .getByRole('row')
      .filter({ hasText: `${dev}-worker-2` }),
  ).toContainText('NotReady')
})

test('starts the worker again', async () => {
  await page.getByRole('button', { name: 'All clusters' }).click()
  await chooseFor(`${dev}-worker-2`, 'Start')
  await expect(cluster()).toContainText('3 of 3 workers Ready', { timeout: 60_000 })
})

test('deletes the namespace, and nothing of it is left', async () => {
  await page.getByRole('button', { name: `Open ${dev}` }).click()
  await openKind('Namespaces')
  await page.getByRole('table', { name: 'Namespaces' }).getByRole('row').filter({ hasText: 'guestbook' }).click()
  await page.getByRole('complementary', { name: 'Namespace guestbook' }).getByRole('button', { name: 'Delete' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete Namespace guestbook?' })
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled()
  await dialog.getByLabel('Name to confirm').fill('guestbook')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(
    page.getByRole('table', { name: 'Namespaces' }).getByRole('row').filter({ hasText: 'guestbook' }),
  ).toHaveCount(0, { timeout: 60_000 })
  await openKind('Pods')
  await expect(page.getByText('No Pods')).toBeVisible()
})

test('deletes the cluster with all that Docker held of it', async () => {
  await page.getByRole('button', { name: 'All clusters' }).click()
  await cluster()
    .getByRole('button', { name: `More of ${dev}` })
    .click()
  await page.getByRole('menuitem', { name: `Delete cluster ${dev}` }).click()
  const dialog = page.getByRole('dialog', { name: `Delete cluster ${dev}?` })
  await dialog.getByLabel('Name to confirm').fill(dev)
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('heading', { name: 'Real Kubernetes clusters on this machine' })).toBeVisible({
    timeout: 60_000,
  })
  expect(await docker('ps', '-aq', '--filter', `label=slipway.dev/cluster=${dev}`)).toBe('')
  expect(await docker('volume', 'ls', '-q', '--filter', `label=slipway.dev/cluster=${dev}`)).toBe('')
})
