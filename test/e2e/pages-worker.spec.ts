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
  await expect(matter()).toContainText('CrashLoopBackOff', { timeout: 60_000 })
  await expect(matter()).toContainText('exit code 7')
  await expect(matter().getByRole('log')).toContainText('FATAL: postgres refuses the password')
})

test('an image that cannot be pulled, a probe that fails and a pod without a node are told with what was answered', async () => {
  await open('pods', 'no-image')
  await expect(matter()).toContainText('ImagePullBackOff', { timeout: 60_000 })
  await expect(matter()).toContainText('registry.invalid')

  await open('pods', 'deaf')
  await expect(matter()).toContainText('liveness probe', { timeout: 60_000 })
  await expect(page.getByRole('region', { name: 'Probes' })).toContainText('no answer')

  await open('pods', 'large')
  await expect(matter()).toContainText('The only node does not take this pod.')
  await expect(matter()).toContainText(/Insufficient memory/)
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
