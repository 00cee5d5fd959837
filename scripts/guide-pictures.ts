import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, expect as expectSoon, type Page } from '@playwright/test'
import { has, run } from './set-up.mjs'
import { helmEnvironment, runHelm, testChart } from '../test/support/helm.ts'
import { createKubectl, type Kubectl } from '../test/support/kubectl.ts'
import { newDataFolder, runSlipway, serveSlipway, slipwayUp, type Slipway } from '../test/support/slipway.ts'

/**
 * `npm run guide-pictures`: the pictures of README and docs/guide, taken of the real app as it does what the guide says, on a
 * Docker Engine. Clusters get the names `dev` and `big` in data folders of their own.
 */
const pictures = join(import.meta.dirname, '../docs/pictures')
const samples = join(import.meta.dirname, '../resources/manifests/samples')
const size = { width: 1360, height: 850 }

/** The machine may be busy: nothing here is about time. */
const expect = expectSoon.configure({ timeout: 90_000 })

/** `npm run guide-pictures -- scale` takes only those of a part. */
const parts: Partial<Record<string, () => Promise<void>>> = {
  start: firstTenMinutes,
  scale: manyNodes,
  promote: twoClusters,
  'time-machine': whatWas,
  map: aMapWithProblems,
  helm: aChart,
  yours: ownFile,
}
const chosen = process.argv.slice(2)

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars'],
})
try {
  await mkdir(pictures, { recursive: true })
  for (const part of chosen.length > 0 ? chosen : Object.keys(parts)) await parts[part]?.()
} finally {
  await browser.close()
}

/** From the first screen to a guestbook that is used. */
async function firstTenMinutes(): Promise<void> {
  const data = await newDataFolder()
  const slipway = await serveSlipway({ data, kubeconfig: join(data, 'none') })
  const page = await openPage(slipway.url)
  try {
    await page.getByRole('button', { name: 'Create a three-worker cluster' }).waitFor()
    await shoot(page, 'first-screen')
    await page.getByRole('button', { name: 'Create a three-worker cluster' }).click()
    const cluster = page.getByRole('region', { name: 'Cluster dev' })
    await expect(cluster).toContainText('3 of 3 workers Ready', { timeout: 180_000 })
    const kubectl = createKubectl(join(data, 'clusters/dev/kubeconfig'))
    await deployGuestbook(page)
    await kubectl.ok('wait', '-n', 'guestbook', '--for=condition=Available', 'deployment', '--all', '--timeout=180s')
    // More than one application, as in life.
    for (const sample of ['web', 'daemonset', 'job', 'init-and-config'])
      await kubectl.ok('apply', '-f', join(samples, `${sample}.yaml`))
    await kubectl.ok('-n', 'guestbook', 'patch', 'service', 'frontend', '-p', '{"spec":{"type":"LoadBalancer"}}')
    await page.getByRole('button', { name: 'Hide dock' }).click()
    await page.goto(addressOf(page, '/'))
    // The card's charts begin with the second measurement.
    await expect(cluster).toContainText('3 of 3 workers Ready')
    await page.waitForTimeout(25_000)
    await shoot(page, 'cluster')
    await page.goto(addressOf(page, '/c/local:dev/overview'))
    await page.waitForTimeout(3_000)
    // What there is of an hour is a minute.
    await page.getByRole('button', { name: '5 min', exact: true }).click()
    await page.waitForTimeout(1_000)
    await shoot(page, 'overview')
    await openWorkloads(page)
    await openNetwork(page)
    await openStorage(page)
    await openCare(page)
  } finally {
    await page.context().close()
    await runSlipway(['delete', 'dev', '--data', data], data)
    await slipway.end()
  }
}

async function deployGuestbook(page: Page): Promise<void> {
  await visit(page, 'pods')
  await page.getByRole('button', { name: 'Deploy', exact: true }).first().click()
  await page.getByRole('button', { name: 'Guestbook' }).click()
  await expect(page.getByText('8 objects')).toBeVisible()
  await shoot(page, 'deploy')
  await page.getByRole('button', { name: 'Deploy to dev / guestbook' }).click()
  await expect(page.getByRole('list', { name: 'Results' }).getByText('created')).toHaveCount(8)
}

/** Pods with the logs of all front ends below, in both themes for the README; a terminal; the palette. */
async function openWorkloads(page: Page): Promise<void> {
  await visit(page, 'deployments')
  await page.locator('[data-row]').filter({ hasText: 'frontend' }).first().click()
  await page.getByRole('complementary', { name: 'Deployment frontend' }).getByRole('button', { name: 'Logs' }).click()
  await expect(page.getByRole('log', { name: 'Logs frontend' })).toContainText('200', { timeout: 60_000 })
  await shoot(page, 'logs')
  await visit(page, 'pods')
  await expect(page.locator('[data-row]').filter({ hasText: 'frontend' }).first()).toContainText('Running')
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await shoot(page, `window-${theme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Command palette' }).fill('front')
  await expect(page.getByRole('option').first()).toBeVisible()
  await shoot(page, 'palette')
  await page.keyboard.press('Escape')

  await page.locator('[data-row]').filter({ hasText: 'frontend' }).first().click()
  await page.keyboard.press('s')
  const terminal = page.locator('.xterm-screen').first()
  await terminal.waitFor()
  await page.waitForTimeout(2_000)
  await page.keyboard.type('hostname; wget -qO- http://frontend | head -4\n')
  await page.waitForTimeout(3_000)
  await shoot(page, 'terminal')
}

async function openNetwork(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Hide dock' }).click()
  await visit(page, 'services/guestbook/frontend')
  await expect(page.getByRole('heading', { name: 'frontend', level: 1 })).toBeVisible()
  await page.waitForTimeout(1_500)
  await shoot(page, 'service')
  await page.getByRole('button', { name: 'Take traffic' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').first().fill('3000')
  await page.waitForTimeout(1_500)
  await shoot(page, 'take')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
}

async function openStorage(page: Page): Promise<void> {
  await visit(page, 'persistentvolumeclaims')
  await page.waitForTimeout(1_500)
  await shoot(page, 'claims')
}

/** What the cluster takes is measured when the page is opened. */
async function openCare(page: Page): Promise<void> {
  await page.goto(addressOf(page, '/care/dev'))
  await expect(page.getByRole('heading', { name: 'Care of dev' })).toBeVisible()
  await page.waitForTimeout(5_000)
  await shoot(page, 'care')
}

async function manyNodes(): Promise<void> {
  await onCluster({ name: 'big', args: ['--simulated', '200'] }, async ({ page, kubectl }) => {
    await kubectl.ok('apply', '-f', join(samples, 'web.yaml'))
    await kubectl.ok('scale', 'deployment/web', '--replicas=400')
    await kubectl.ok('wait', '--for=condition=Available', 'deployment/web', '--timeout=300s')
    await page.goto(addressOf(page, '/'))
    await expect(page.getByRole('region', { name: 'Cluster big' })).toContainText('400 pods')
    await page.waitForTimeout(12_000)
    await shoot(page, 'scale')
  })
}

/** What was promoted before, and one change since. */
async function twoClusters(): Promise<void> {
  const staging = await slipwayUp({ name: 'staging', args: ['--simulated', '1'] })
  const env = { KUBECONFIG: staging.kubeconfig }
  try {
    await onCluster({ name: 'dev', args: ['--simulated', '1'], env }, async ({ page, kubectl, inShop }) => {
      await kubectl.ok('create', 'namespace', 'shop')
      await inShop('create', 'configmap', 'settings', '--from-literal', 'currency=EUR')
      await inShop('create', 'secret', 'generic', 'token', '--from-literal', 'key=value')
      await inShop('create', 'deployment', 'web', '--image', 'nginx:stable', '--replicas', '2')
      await inShop('set', 'env', 'deployment/web', '--from', 'configmap/settings')
      await inShop('set', 'env', 'deployment/web', '--from', 'secret/token')
      await inShop('expose', 'deployment', 'web', '--port', '80')
      const path = '/c/local:dev/promote/shop?to=kubeconfig:slipway-staging'
      await page.goto(addressOf(page, path))
      await page.getByRole('button', { name: /^Apply/ }).click()
      await expect(page.getByText('0 would change')).toBeVisible()
      await inShop('set', 'image', 'deployment/web', 'nginx=nginx:alpine')
      await page.reload()
      await page.getByRole('button', { name: 'Show what changes in Deployment web' }).click()
      await expect(page.getByRole('region', { name: 'What promoting changes in web' })).toContainText('nginx:alpine')
      await shoot(page, 'promote')
    })
  } finally {
    await staging.end()
  }
}

/** An object's versions, then the namespace beside what it was. */
async function whatWas(): Promise<void> {
  await onCluster({ name: 'dev', args: ['--workers', '0'] }, async ({ page, kubectl, inShop }) => {
    await kubectl.ok('create', 'namespace', 'shop')
    await inShop('create', 'configmap', 'settings', '--from-literal', 'currency=EUR')
    await inShop('create', 'deployment', 'web', '--image', 'nginx:stable', '--replicas', '2')
    await page.waitForTimeout(2_000)
    const then = Date.now()
    await page.waitForTimeout(2_000)
    await inShop('set', 'image', 'deployment/web', 'nginx=nginx:alpine')
    await inShop('scale', 'deployment/web', '--replicas', '3')
    await inShop('delete', 'configmap', 'settings')
    await page.goto(addressOf(page, '/c/local:dev/time-machine/deployments/shop/web'))
    await expect(page.getByRole('region', { name: 'What changed' })).toContainText('replicas')
    await shoot(page, 'versions')
    await page.goto(addressOf(page, `/c/local:dev/time-machine?namespace=shop&at=${then}`))
    await page.getByRole('button', { name: 'Show what differs in web' }).click()
    await expect(page.getByRole('region', { name: 'What restoring changes in web' })).toContainText('nginx:stable')
    await shoot(page, 'time-machine')
  })
}

/** A shop of which one Service leads to a port that nobody has. */
async function aMapWithProblems(): Promise<void> {
  await onCluster({ name: 'dev', args: ['--simulated', '3'] }, async ({ page, kubectl, inShop }) => {
    await kubectl.ok('create', 'namespace', 'shop')
    await inShop('create', 'configmap', 'settings', '--from-literal', 'currency=EUR')
    for (const [name, replicas] of [
      ['web', 3],
      ['catalog', 2],
      ['cart', 2],
      ['mail', 1],
    ] as const) {
      await inShop(
        'create',
        'deployment',
        name,
        '--image',
        `shop/${name}:2.9.0`,
        '--replicas',
        String(replicas),
        '--port',
        '8080',
      )
      await inShop('expose', 'deployment', name, '--port', '80', '--target-port', name === 'mail' ? 'smtp' : '8080')
    }
    await inShop('set', 'env', 'deployment/web', '--from', 'configmap/settings')
    const ingressClass = {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', spec: { controller: 'slipway.dev/ingress' } },
      metadata: { name: 'slipway', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    }
    await kubectl.withInput(JSON.stringify(ingressClass), 'apply', '-f', '-')
    const rules = ['/*=web:80', 'catalog*=catalog:80', 'cart*=cart:80'].map(
      (rule) => `shop.localhost/${rule.replace(/^\//, '')}`,
    )
    await inShop('create', 'ingress', 'shop', ...rules.map((rule) => `--rule=${rule}`))
    for (const name of ['web', 'catalog', 'cart', 'mail'])
      await inShop('wait', '--for=condition=Available', `deployment/${name}`, '--timeout=60s')
    await page.goto(addressOf(page, '/c/local:dev/topology/shop'))
    await page
      .getByRole('toolbar')
      .getByRole('button', { name: /leads to the port named smtp/ })
      .click()
    await expect(page.getByRole('complementary', { name: 'Problems' })).toBeVisible()
    await page.setViewportSize({ ...size, height: 560 })
    await page.getByRole('button', { name: 'Fit the map into the window' }).click()
    await shoot(page, 'map')
  })
}

/** What an upgrade changes; then the values of a chart as a form. */
async function aChart(): Promise<void> {
  const data = await newDataFolder()
  const env = await helmEnvironment(join(data, 'helm'))
  await onCluster({ name: 'dev', data, args: ['--simulated', '2'], env }, async ({ slipway, page }) => {
    const chart = join(data, 'charts/shop')
    await cp(testChart, chart, { recursive: true })
    const about = await readFile(join(chart, 'Chart.yaml'), 'utf8')
    await writeFile(join(chart, 'Chart.yaml'), about.replace(/^description: .*$/m, 'description: A small shop'))
    const words = ['install', 'web', chart, '--namespace', 'shop', '--create-namespace', '--set', 'greeting=Hello']
    await runHelm(words, { ...env, KUBECONFIG: slipway.kubeconfig })
    await page.goto(addressOf(page, `/c/local:dev/helm/shop/web/upgrade?chart=${encodeURIComponent(chart)}`))
    const values = page.getByRole('region', { name: 'Values' })
    await page.getByRole('textbox', { name: 'Values' }).click()
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.insertText('greeting: Moin\nreplicas: 3\nservice:\n  port: 8080\n')
    await page.getByRole('button', { name: /Deployment web-web/ }).click()
    await expect(page.getByRole('region', { name: /Changes of Deployment/ })).toContainText('replicas: 3')
    await shoot(page, 'helm')
    await values.getByRole('button', { name: 'Form' }).click()
    await shoot(page, 'helm-form')
  })
}

/** The file of the guide, in its editor. */
async function ownFile(): Promise<void> {
  await onCluster({ name: 'dev', args: ['--workers', '0'] }, async ({ page }) => {
    const guide = await readFile(join(import.meta.dirname, '../docs/guide/yours.md'), 'utf8')
    const [, file = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? []
    await page.goto(addressOf(page, '/yours'))
    await page.getByRole('textbox', { name: 'Your file' }).fill(file)
    await page.setViewportSize({ ...size, height: 560 })
    await page.waitForTimeout(1_500)
    await shoot(page, 'yours')
  })
}

interface Taken {
  slipway: Slipway
  page: Page
  kubectl: Kubectl
  /** kubectl in the namespace `shop`. @returns stdout */
  inShop(...words: string[]): Promise<string>
}

/** Takes pictures of a cluster, which goes afterwards. */
async function onCluster(
  options: Parameters<typeof slipwayUp>[0],
  take: (taken: Taken) => Promise<void>,
): Promise<void> {
  const slipway = await slipwayUp(options)
  const page = await openPage(slipway.ready.ui)
  const kubectl = createKubectl(slipway.kubeconfig)
  try {
    await take({ slipway, page, kubectl, inShop: (...words) => kubectl.ok('-n', 'shop', ...words) })
  } finally {
    await page.context().close()
    await slipway.end()
  }
}

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' })
  page.setDefaultTimeout(90_000)
  await page.goto(url)
  return page
}

function addressOf(page: Page, path: string): string {
  return `${new URL(page.url()).origin}/#${path}`
}

async function visit(page: Page, path: string): Promise<void> {
  await page.goto(addressOf(page, `/c/local:dev/${path}`))
}

/** Small files: at one pixel per pixel, with a palette where `pngquant` is installed. */
async function shoot(page: Page, name: string): Promise<void> {
  const path = join(pictures, `${name}.png`)
  await page.screenshot({ path, animations: 'disabled' })
  if (has('pngquant')) await run('pngquant', ['--force', '--ext', '.png', '--speed', '1', path])
}
