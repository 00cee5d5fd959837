import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { expect, type Locator, type Page } from '@playwright/test'
import type { FaceState } from './face-states.ts'
import type { Kubectl } from './kubectl.ts'

/** States that need containers that run: logs, terminals, and pods of an older image. */

const container = (script: string, more = ''): string =>
  `{name: app, image: "busybox:1.36", command: [sh, -c, '${script}'] ${more}}`
const podOf = (pod: string, containers: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${pod}}\nspec: {terminationGracePeriodSeconds: 1, containers: [${containers}]}`
const deploymentOf = (app: string, replicas: number, containers: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${app}}\nspec: {replicas: ${replicas}, selector: {matchLabels: {app: ${app}}}, template: {metadata: {labels: {app: ${app}}}, spec: {terminationGracePeriodSeconds: 1, containers: [${containers}]}}}`
const request = String.raw`echo "{\"level\":\"info\",\"msg\":\"GET /products\",\"status\":200,\"ms\":$i}"`
const failure = String.raw`echo "{\"level\":\"error\",\"msg\":\"GET /cart\",\"status\":502,\"ms\":3001}"`
const plain = String.raw`printf "\033[32mready\033[0m to serve\n"`

const objects = [
  podOf('crash', container('echo begins; echo "WARN retrying in 1 s"; echo "ERROR: cannot reach postgres"; exit 7')),
  podOf('much', container('seq 70000 | sed "s/^/line /"; sleep 100000')),
  podOf('reader', container('while read line; do echo "got $line"; done', ', stdin: true, tty: true')),
  podOf('bare', '{name: app, image: "registry.k8s.io/pause:3.10"}'),
  deploymentOf(
    'api',
    2,
    container(`i=0; while [ $i -lt 40 ]; do i=$((i+1)); ${request}; ${failure}; ${plain}; done; sleep 100000`),
  ),
  deploymentOf('web', 1, container('sleep 100000')),
]
const image = (of: string): string => `slipway-face-${of}:dev`

/** An image of one build, and another of the same name. */
async function build(of: string, text: string): Promise<void> {
  const env = { ...process.env, DOCKER_BUILDKIT: '0' }
  const child = execFile('docker', ['build', '-q', '-t', image(of), '-'], { env })
  child.stdin?.end(`FROM busybox:1.36\nRUN echo ${text} > /built\nCMD ["sleep", "100000"]\n`)
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error('docker build failed')
}

/** Pods that write logs, take input, crash, and run an image that has been built anew since. @param of the cluster's name */
export async function createRunningObjects(kubectl: Kubectl, of: string): Promise<void> {
  await build(of, 'one')
  const all = [...objects, deploymentOf('older', 1, `{name: app, image: "${image(of)}"}`)]
  const { code, stderr } = await kubectl.withInput(all.join('\n---\n'), 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
  await kubectl.ok('rollout', 'status', 'deployment/older', '--timeout=120s')
  await kubectl.ok('rollout', 'status', 'deployment/api', '--timeout=120s')
  await kubectl.ok('wait', 'pod/reader', 'pod/much', '--for=condition=Ready', '--timeout=120s')
  await build(of, 'two')
}

/** The images that were built. */
export async function removeRunningImages(of: string): Promise<void> {
  const child = execFile('docker', ['rmi', '-f', image(of)])
  await once(child, 'close')
}

/** @param context `local:NAME`, of a cluster with one Docker worker */
export function runningStates(context: string): FaceState[] {
  const state = (
    name: string,
    path: string,
    action: RegExp | undefined,
    open: (page: Page, kubectl: Kubectl) => Promise<void> = async () => undefined,
  ): FaceState => ({
    ...{ name, path: `/c/${context}/${path}` },
    ready: (page) => page.getByRole('tab').first(),
    open: async (page, kubectl) => {
      if (action) await page.getByRole('button', { name: action }).first().click()
      await open(page, kubectl)
    },
  })
  const log = (page: Page, text: string | RegExp): Promise<void> =>
    expect(page.getByRole('log').first()).toContainText(text, { timeout: 30_000 })
  const terminal = (page: Page): Locator => page.getByTestId('terminal').filter({ visible: true })
  const prompt = (page: Page): Promise<void> => expect(terminal(page).first()).toContainText('/ #', { timeout: 30_000 })
  const type = async (page: Page, text: string): Promise<void> => {
    await terminal(page).first().locator('.xterm-screen').click()
    await page.keyboard.type(text)
  }
  const maximise = (page: Page): Promise<void> => page.getByRole('button', { name: 'Maximise dock' }).click()

  return [
    state('logs', 'deployments/default/api', /^Logs/, (page) => log(page, '502')),
    state('logs-maximised', 'deployments/default/api', /^Logs/, async (page) => {
      await log(page, '502')
      await maximise(page)
      await page.getByLabel('Search logs').fill('cart -ready')
    }),
    state('logs-raw', 'deployments/default/api', /^Logs/, async (page) => {
      await log(page, '502')
      await page.getByRole('button', { name: 'JSON as columns' }).click()
    }),
    state('logs-previous', 'pods/default/crash', /^Logs/, (page) => log(page, 'cannot reach postgres')),
    state('logs-dropped', 'pods/default/much', /^Logs/, async (page) => {
      await page.getByLabel('Range', { exact: true }).selectOption('Everything')
      await log(page, 'line 70000')
      await page
        .getByRole('log')
        .first()
        .evaluate((box) => (box.scrollTop = 0))
    }),
    state('shell', 'pods/default/reader', /^Shell/, async (page) => {
      await prompt(page)
      await type(page, 'ls -l /\n')
    }),
    state('shell-split', 'pods/default/reader', /^Shell/, async (page) => {
      await prompt(page)
      await maximise(page)
      await page.getByRole('button', { name: /Split/ }).first().click()
      await type(page, 'ls -l /\n')
    }),
    state('shell-paste', 'pods/default/reader', /^Shell/, async (page) => {
      await prompt(page)
      await terminal(page)
        .first()
        .locator('textarea')
        .evaluate((box) => {
          const data = new DataTransfer()
          data.setData('text/plain', 'cd /data\nrm -rf index/*\nkill -HUP 1\n')
          box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
        })
      await expect(page.getByRole('alertdialog')).toBeVisible()
    }),
    state('shell-none', 'pods/default/bare', /^Shell/, (page) =>
      expect(page.getByText('has no such shell')).toBeVisible({ timeout: 30_000 }),
    ),
    state('shell-debug', 'pods/default/bare', /^Debug/, async (page) => {
      await maximise(page)
      await expect(page.getByRole('complementary', { name: 'Debug container' })).toBeVisible()
    }),
    {
      ...state('shell-gone', 'pods?filter=web', undefined),
      ready: (page) => page.locator('[data-row]').filter({ hasText: 'web-' }).first(),
      open: async (page, kubectl) => {
        await page.locator('[data-row]').filter({ hasText: 'web-' }).first().click()
        await page
          .getByRole('complementary')
          .getByRole('button', { name: /^Shell/ })
          .click()
        await prompt(page)
        await type(page, 'ls -l /\n')
        const pod = await kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}')
        await kubectl.ok('delete', 'pod', pod)
        await expect(page.getByText('The pod was replaced.')).toBeVisible({ timeout: 60_000 })
      },
    },
    {
      ...state('outdated-pods', 'pods?filter=older', undefined),
      ready: (page) => page.locator('[data-row]').filter({ hasText: 'older-' }).first(),
    },
    {
      ...state('outdated-deployment', 'deployments/default/older', undefined),
      ready: (page) => page.getByText(/runs an older image/),
    },
  ]
}
