import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { rm } from 'node:fs/promises'
import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Browser, type Locator, type Page } from '@playwright/test'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/** Port-forwards in the window, with real traffic to pods of one real worker. */
test.describe.configure({ mode: 'serial' })

const name = `forwards-${process.pid}`
let data: string
let slipway: Slipway
let page: Page
let kubectl: Kubectl
let holder: Server | undefined

const serve = 'mkdir /w && hostname > /w/index.html && exec httpd -f -p 8080 -h /w'
const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: app, image: "busybox:1.36", command: [sh, -c, "${serve}"], ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules: [{host: web.localhost, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
`

async function start(browser: Browser): Promise<void> {
  slipway = await slipwayUp({ name, data, args: ['--workers', '1'], rm: false })
  kubectl = createKubectl(slipway.kubeconfig)
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  // The router hears a change of the address only after its first page is shown.
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
}
test.beforeAll(async ({ browser }) => {
  data = await newDataFolder()
  await start(browser)
  expect((await kubectl.withInput(web, 'apply', '-f', '-')).stderr).toBe('')
  await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=90s')
  await page.setViewportSize({ width: 1440, height: 900 })
})
test.afterAll(async () => {
  holder?.close()
  await slipway?.run('delete', name, '--data', data)
  await slipway?.end()
  await rm(data, { recursive: true, force: true })
})

const goTo = (path: string): Promise<unknown> =>
  page.goto(`${new URL(slipway.ready.ui).origin}/#/c/local:${name}/${path}`)
const row = (address: string): Locator => page.getByRole('listitem', { name: address, exact: true })
const podName = (): Promise<string> =>
  kubectl.ok(
    'get',
    'pods',
    '-l',
    'app=web',
    '--field-selector=status.phase=Running',
    '-o',
    'jsonpath={.items[0].metadata.name}',
  )
/** What answers on a port of this machine; '' while nothing does. */
const ask = (port: number): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5_000) })
    .then(async (answer) => (await answer.text()).trim())
    .catch(() => '')
const [workloadPort, servicePort] = [18_431, 18_432]

test('a forward to a workload carries traffic, and goes on when its pod is replaced', async () => {
  await goTo('deployments')
  await page.getByRole('row').filter({ hasText: 'web' }).first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Forward' }).click()
  const dialog = page.getByRole('dialog', { name: 'Forward a port of web' })
  await expect(dialog.getByLabel('Port of web')).toHaveValue('http')
  await dialog.getByLabel('Open in browser').uncheck()
  await dialog.getByRole('textbox', { name: 'Port here' }).fill(String(workloadPort))
  await expect(dialog.getByText('free', { exact: true })).toBeVisible()
  await dialog.getByRole('button', { name: 'Forward http' }).click()
  await expect(dialog).toBeHidden()

  await page.getByRole('link', { name: 'Port-forwards' }).click()
  const shown = row(`localhost:${workloadPort}`)
  await expect(shown).toContainText('Active')
  const before = await podName()
  for (let round = 0; round < 20; round++) expect(await ask(workloadPort)).toBe(before)
  await expect(shown).toContainText(/\d k?B in/)

  await kubectl.ok('delete', 'pod', before, '--wait=false')
  await expect.poll(() => ask(workloadPort), { timeout: 60_000 }).toMatch(/^web-/)
  await expect.poll(() => ask(workloadPort), { timeout: 60_000 }).not.toBe(before)
  await expect(page.getByText(new RegExp(`${before} was replaced by web-`))).toBeVisible()
})

test('the page makes forwards, shows what is open without one, and names who has a port', async () => {
  await page.getByRole('button', { name: 'New forward' }).first().click()
  const form = page.getByRole('dialog', { name: 'New forward' })
  await form.getByRole('combobox', { name: 'To' }).fill('web')
  await form.getByRole('option', { name: /^web Service/ }).click()
  await form.getByLabel('Open in browser').uncheck()
  await form.getByRole('textbox', { name: 'Port here' }).fill(String(workloadPort))
  await expect(form.getByText(/taken by Slipway \(pid \d+\)/)).toBeVisible()
  await expect(form.getByRole('button', { name: 'Forward 80' })).toBeDisabled()
  await form.getByRole('textbox', { name: 'Port here' }).fill(String(servicePort))
  await form.getByRole('button', { name: 'Forward 80' }).click()
  await expect(row(`localhost:${servicePort}`)).toContainText('Active')
  expect(await ask(servicePort)).toMatch(/^web-/)
  await expect(page.getByRole('link', { name: /^http:\/\/web\.localhost(:\d+)?\/$/ })).toBeVisible()
  const { violations } = await new AxeBuilder({ page }).include('main').analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join()}`)).toEqual([])
})

test('forwards come back after a restart, and one whose port is taken names the process and moves', async ({
  browser,
}) => {
  await slipway.end()
  holder = createServer().listen(workloadPort, '127.0.0.1')
  await once(holder, 'listening')
  await start(browser)
  await goTo('port-forwards')
  const taken = row(`localhost:${workloadPort}`)
  await expect(taken).toContainText('Port taken')
  await expect(taken).toContainText(`(pid ${process.pid}) listens on port ${workloadPort}`)
  await expect(row(`localhost:${servicePort}`)).toContainText('Active', { timeout: 60_000 })
  await expect.poll(() => ask(servicePort), { timeout: 60_000 }).toMatch(/^web-/)

  await taken.getByRole('button', { name: /^Use \d+ instead/ }).click()
  await expect(taken).toBeHidden()
  await expect(page.getByRole('status').filter({ hasText: '2 active' })).toBeVisible()

  await row(`localhost:${servicePort}`)
    .getByRole('button', { name: `Stop localhost:${servicePort}` })
    .click()
  await expect.poll(() => ask(servicePort)).toBe('')
  await page.getByRole('button', { name: `Start localhost:${servicePort}` }).click()
  await expect.poll(() => ask(servicePort)).toMatch(/^web-/)
})

test('Open leads from a Service to what answers, and the palette to the page', async () => {
  await goTo('services')
  const opened = page.context().waitForEvent('page')
  await page.getByRole('row').filter({ hasText: 'web' }).first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Open', exact: true }).click()
  const tab = await opened
  await expect(tab.locator('body')).toContainText(/^web-/)
  await tab.close()

  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Command palette' }).getByRole('combobox').fill('Port-forwards')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Port-forwards' })).toBeVisible()
})
