import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** What pages say of pods that do not run, and what a drain asks, on one real worker that all tests share. */
test.describe.configure({ mode: 'serial' })

const cluster = `pages-worker-${process.pid}`
let slipway: Slipway
let kubectl: Kubectl
let page: Page
let home: string

const pod = (name: string, container: object, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'app', image: 'busybox:1.36', ...container }],
    ...spec,
  },
})
const sh = (script: string) => ({ command: ['sh', '-c', script] })
const objects = [
  pod('crash', sh('echo listening; echo "FATAL: postgres refuses the password"; exit 7')),
  pod('no-image', { image: 'registry.invalid/shop/nope:1' }),
  pod('deaf', {
    ...sh('sleep 1000'),
    livenessProbe: { exec: { command: ['sh', '-c', 'echo no answer; exit 1'] }, periodSeconds: 1, failureThreshold: 1 },
  }),
  pod('large', { ...sh('sleep 1000'), resources: { requests: { memory: '900Ti' } } }),
  pod('bare', sh('sleep 1000')),
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'cache', namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'cache' } },
      template: {
        metadata: { labels: { app: 'cache' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          volumes: [{ name: 'data', emptyDir: {} }],
          containers: [{ name: 'app', image: 'busybox:1.36', ...sh('sleep 1000') }],
        },
      },
    },
  },
]

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--workers', '1'] })
  kubectl = createKubectl(slipway.kubeconfig)
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const applied = await kubectl.withInput(list, 'apply', '-f', '-')
  expect(applied.stderr).toBe('')
  page = await browser.newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
})
test.afterAll(() => slipway?.end())

const open = async (plural: string, name: string, namespace = 'default'): Promise<void> => {
  await page.goto(`${home}#/c/local:${cluster}/${plural}/${namespace}/${name}`)
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}
const matter = () => page.getByRole('region', { name: 'What is the matter' })

test('a crash is told with its exit code and last lines', async () => {
  await open('pods', 'crash')
  await expect(page.getByRole('main')).toContainText('CrashLoopBackOff', { timeout: 60_000 })
  await expect(matter()).toContainText('exit code 7')
  await expect(matter().getByRole('log')).toContainText('FATAL: postgres refuses the password')
})

test('an image that cannot be pulled, a probe that fails and a pod without a node are told with what was answered', async () => {
  await open('pods', 'no-image')
  await expect(page.getByRole('main')).toContainText('ImagePullBackOff', { timeout: 60_000 })
  await expect(matter()).toContainText('registry.invalid')

  await open('pods', 'deaf')
  await expect(matter()).toContainText('liveness probe', { timeout: 60_000 })
  await expect(page.getByRole('region', { name: 'Probes' })).toContainText('no answer')

  await open('pods', 'large')
  await expect(matter()).toContainText('The only node does not take this pod')
  await expect(matter()).toContainText(/Insufficient memory/)
})

test('a rebuilt image marks its pods, and one click rolls them', async () => {
  const image = `slipway-e2e-${process.pid}:dev`
  const build = (text: string): void => {
    const dockerfile = `FROM busybox:1.36\nENV BUILD=${text}\nCMD ["sleep", "1000"]\n`
    execFileSync('docker', ['build', '-q', '-t', image, '-'], {
      input: dockerfile,
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
    })
  }
  build('one')
  await kubectl.ok('create', 'deployment', 'shop', `--image=${image}`)
  await kubectl.ok('rollout', 'status', 'deployment/shop', '--timeout=60s')
  await page.goto(`${home}#/c/local:${cluster}/deployments`)
  const row = page.locator('[data-row="default/shop"]')
  await expect(row).toBeVisible()
  build('two')
  await expect(row).toContainText(`An older image than this machine has: ${image}`)
  await open('deployments', 'shop')
  await expect(page.getByText(`1 pod runs an older image: ${image} was rebuilt`)).toBeVisible()
  await page.getByRole('button', { name: /^Roll shop/ }).click()
  await expect(page.getByText('runs an older image')).toHaveCount(0, { timeout: 60_000 })
  execFileSync('docker', ['rmi', '-f', image])
})

test('traffic of a Service is taken to this machine and given back', async () => {
  await kubectl.ok('create', 'service', 'clusterip', 'shop', '--tcp=80:3000')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await open('services', 'shop')
  await page.getByRole('button', { name: /^Take traffic/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill(String(port))
  await expect(dialog).toContainText('listens on 127.0.0.1 alone')
  await dialog.getByRole('button', { name: 'Take traffic of shop' }).click()
  await expect(page.getByText(`80 → ${port}`)).toBeVisible({ timeout: 60_000 })
  await page
    .getByRole('main')
    .getByRole('status')
    .getByRole('button', { name: /^Give traffic back/ })
    .click()
  await expect(page.getByText(`80 → ${port}`)).toHaveCount(0)
  expect(await kubectl.ok('get', 'service', 'shop', '-o', 'jsonpath={.spec.selector}')).toBe('{"app":"shop"}')
  server.close()
})

test('a folder is built and run from the window', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'folder-'))
  await writeFile(
    join(folder, 'Dockerfile'),
    'FROM busybox:1.36\nRUN echo built in the window\nEXPOSE 8080\nCMD ["sleep", "1000"]\n',
  )
  await open('deployments', 'cache')
  await page.getByRole('banner').getByRole('button', { name: 'Deploy', exact: true }).click()
  await page.getByRole('button', { name: 'A Dockerfile’s folder' }).click()
  const form = page.getByRole('form', { name: 'Build and deploy a folder' })
  await form.getByLabel('Folder of this machine').fill(folder)
  await expect(form.getByLabel('Port')).toHaveValue('8080')
  await form.getByLabel('Name', { exact: true }).fill('built')
  const image = await form.getByLabel('Name of the image').inputValue()
  await form.getByRole('button', { name: /^Build and deploy to/ }).click()
  await expect(page.getByRole('log', { name: 'Output of the build' })).toContainText('built in the window')
  await expect(page.getByRole('button', { name: 'Show built' })).toBeVisible({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Show built' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'built' })).toBeVisible()
  await rm(folder, { recursive: true })
  execFileSync('docker', ['rmi', '-f', image])
})

test("the user's own file is edited with completion, and its column, link and action are there", async () => {
  await page.goto(`${home}#/settings/yours`)
  await page.getByRole('link', { name: 'Open in editor' }).click()
  const editor = page.getByRole('textbox', { name: 'Your file' })
  await editor.fill('columns:\n  - name: App\n    kind: Pod\n    pa: x\n')
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('columns[0].pa')
  await editor.fill(
    [
      'columns:',
      '  - { name: App, kind: Pod, path: .metadata.labels.app }',
      'links:',
      "  - { name: Search, kinds: ['*'], url: 'http://localhost:1/?q=${metadata.name}' }",
      'actions:',
      "  - { name: Say, kinds: [Pod], command: [printf, '%s in %s', '${metadata.name}', '${metadata.namespace}'] }",
      '',
    ].join('\n'),
  )
  await expect(page.getByRole('region', { name: 'Problems' })).toHaveCount(0)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved, and in force')).toBeVisible()
  await page.goto(`${home}#/c/local:${cluster}/pods`)
  await expect(page.getByRole('columnheader', { name: 'App' })).toBeVisible()
  await open('pods', 'bare')
  await expect(page.getByRole('button', { name: /^Search/ })).toBeVisible()
  await page.keyboard.press('Control+k')
  await page
    .getByRole('combobox', { name: 'Find' })
    .or(page.getByRole('dialog').getByRole('combobox'))
    .first()
    .fill('> Say')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert').filter({ hasText: 'This command is new' })).toContainText('printf')
  await page.getByRole('button', { name: 'Run it' }).click()
  await expect(page.getByRole('log', { name: 'Output of the command' })).toContainText('bare in default')
  await expect(page.getByText('ended with 0')).toBeVisible()
})

test('a drain says what becomes of each pod, asks for bare ones and for data, and does it', async () => {
  await kubectl.ok('wait', '--for=condition=Ready', 'pod/bare', '--timeout=60s')
  await kubectl.ok('rollout', 'status', 'deployment/cache', '--timeout=60s')
  const node = (await kubectl.ok('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim()
  await open('nodes', node, '-')
  await page
    .getByRole('main')
    .getByRole('button', { name: `Drain ${node}` })
    .click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('row').filter({ hasText: /^bare/ })).toContainText('deleted, not started again')
  await expect(dialog.getByRole('row').filter({ hasText: /^cache-/ })).toContainText('its emptyDir data are lost')
  const act = dialog.getByRole('button', { name: new RegExp(`^Drain ${node} in`) })
  await expect(act).toBeDisabled()
  for (const box of await dialog.getByRole('checkbox').all()) {
    await expect(box).not.toBeChecked()
    await box.check()
  }
  await expect(act).toBeDisabled()
  await dialog.getByRole('textbox', { name: 'Name to confirm' }).fill(node)
  await act.click()
  await expect(dialog).toHaveCount(0, { timeout: 90_000 })
  await kubectl.waitForDeletion('pod/bare')
  await kubectl.waitForValue(`node/${node}`, '{.spec.unschedulable}', 'true')
})
