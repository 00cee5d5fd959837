import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { parse } from 'yaml'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl } from '../support/kubectl.ts'
import { serveSlipway, slipwayUp, type ServedSlipway, type Slipway } from '../support/slipway.ts'

/** Home: the first screen, the dialog that creates a cluster, questions, and a cluster of somebody else. */
test.describe.configure({ mode: 'serial' })

let page: Page
let slipway: ServedSlipway
let other: Slipway
let proxy: Server
let folder: string
/** What the proxy was asked to reach. */
const proxied: string[] = []
const bad = (): string => join(folder, 'bad.yaml')
const good = (): string => join(folder, 'good.yaml')

test.beforeAll(async ({ browser }) => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-home-'))
  other = await slipwayUp({ name: 'theirs', args: ['--workers', '0'] })
  proxy = createServer().on('connect', (request, socket) => {
    proxied.push(request.url ?? '')
    const { hostname, port } = new URL(`http://${request.url ?? ''}`)
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  await writeFile(bad(), 'users: [\n')
  await writeKubeconfig()
  slipway = await serveSlipway({ kubeconfig: [bad(), good()].join(delimiter) })
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.url)
})
test.afterAll(async () => {
  await slipway?.end()
  await other?.end()
  proxy?.close()
  await rm(folder, { recursive: true, force: true })
})

/** The other cluster through the proxy, with credentials of a plugin beside the kubeconfig. */
async function writeKubeconfig(namespace?: string): Promise<void> {
  interface Kubeconfig {
    clusters: { cluster: Record<string, string> }[]
    users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
  }
  const { clusters, users } = parse(await readFile(other.kubeconfig, 'utf8')) as Kubeconfig
  const { 'client-certificate-data': cert = '', 'client-key-data': key = '' } = users[0]?.user ?? {}
  const pem = (data: string): string => Buffer.from(data, 'base64').toString('utf8')
  const apiVersion = 'client.authentication.k8s.io/v1'
  const status = { clientCertificateData: pem(cert), clientKeyData: pem(key) }
  await writeFile(join(folder, 'credential.json'), JSON.stringify({ apiVersion, kind: 'ExecCredential', status }))
  await writeFile(join(folder, 'sign-in'), `#!/bin/sh\ncat "${join(folder, 'credential.json')}"\n`, { mode: 0o755 })
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const config = {
    clusters: [{ name: 'far', cluster: { ...clusters[0]?.cluster, 'proxy-url': proxyUrl } }],
    users: [{ name: 'jane', user: { exec: { apiVersion, command: './sign-in', interactiveMode: 'Never' } } }],
    contexts: [{ name: 'prod-eu', context: { cluster: 'far', user: 'jane', ...(namespace ? { namespace } : {}) } }],
    'current-context': 'prod-eu',
  }
  await writeFile(good(), JSON.stringify(config))
}

const context = () => page.getByRole('listitem', { name: 'Context prod-eu' })
const cluster = () => page.getByRole('region', { name: 'Cluster dev' })
async function choose(worker: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions of ${worker}` }).click()
  await page.getByRole('menuitem', { name: action, exact: true }).click()
}

test('the first screen says what this is, what a click does, and which contexts there are', async () => {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Real Kubernetes clusters on this machine/)
  await expect(page.getByRole('heading', { name: 'What happens when you click' })).toBeVisible()
  await expect(context()).toBeVisible()
  await expectAccessible(page)
})

test('a kubeconfig file is added, or refused with the reason', async () => {
  await page.getByRole('button', { name: 'Add kubeconfig' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add kubeconfig' })
  await dialog.getByLabel('Path of the file').fill(join(folder, 'nowhere.yaml'))
  await dialog.getByRole('button', { name: 'Add kubeconfig' }).click()
  await expect(dialog.getByRole('alert')).toContainText('there is no file')
  const lab = join(folder, 'lab.yaml')
  const clusters = [{ name: 'lab', cluster: { server: 'https://127.0.0.1:1' } }]
  const contexts = [{ name: 'lab', context: { cluster: 'lab', user: '' } }]
  await writeFile(lab, JSON.stringify({ clusters, contexts }))
  await dialog.getByLabel('Path of the file').fill(lab)
  await dialog.getByRole('button', { name: 'Add kubeconfig' }).click()
  await expect(page.getByRole('listitem', { name: 'Context lab' })).toContainText('Unreachable')
  await page.getByRole('button', { name: /^Read .*lab.yaml no more$/ }).click()
  await expect(page.getByRole('listitem', { name: 'Context lab' })).toHaveCount(0)
})

test('the dialog names what is wrong at its field, in its words, and keeps nothing for the next', async () => {
  await page.getByRole('button', { name: 'Create cluster' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create cluster' })
  const simulated = dialog.getByLabel(/Simulated workers/)
  await simulated.check()
  await dialog.getByLabel('Cores per worker').fill('abc')
  await expect(dialog.getByRole('alert')).toHaveText('A number, such as 2.')
  await expect(dialog.getByLabel('Cores per worker')).toHaveAttribute('aria-invalid', 'true')
  await dialog.getByLabel('Cores per worker').fill('2')
  await expect(dialog.getByRole('alert')).toHaveCount(0)
  await dialog.getByLabel('Workers', { exact: true }).fill('60')
  await expect(dialog.getByRole('alert')).toHaveCount(0)
  await simulated.uncheck()
  await expect(dialog.getByText('At most 9: more workers than that are simulated.')).toBeVisible()
  await dialog.getByLabel('Name').fill('No Good')
  await expect(dialog.getByText('Lower-case letters, digits and dashes')).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Create cluster' }).click()
  await expect(dialog.getByLabel('Workers', { exact: true })).toHaveValue('3')
  await expect(dialog.getByLabel('Cores per worker')).toHaveValue('')
  await expect(dialog.getByRole('alert')).toHaveCount(0)
  await page.keyboard.press('Escape')
})

test('simulated workers come up, and killing or removing one asks with names and counts', async () => {
  await page.getByRole('button', { name: 'Create cluster' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create cluster' })
  await dialog.getByLabel(/Simulated workers/).check()
  await dialog.getByRole('button', { name: 'Create cluster' }).click()
  await expect(cluster()).toContainText('3 of 3 workers Ready')
  const kubectl = createKubectl(join(slipway.data, 'clusters/dev/kubeconfig'))
  const scratch = { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: 'nginx' }] }
  await kubectl.ok(
    'run',
    'alone',
    '--image=nginx',
    `--overrides=${JSON.stringify({ spec: { nodeName: 'dev-worker-1', ...scratch } })}`,
  )
  await expect(page.getByRole('region', { name: 'dev-worker-1' })).toContainText('alone')

  await choose('dev-worker-1', 'Remove')
  const remove = page.getByRole('dialog', { name: 'Remove dev-worker-1 from dev?' })
  await expect(remove).toContainText(/1 pod runs there.*No one brings back 1 of them/)
  await expect(remove).toContainText('The data of 1 volume are lost.')
  await expect(remove.getByRole('button', { name: 'Remove dev-worker-1' })).toBeDisabled()
  await page.keyboard.press('Escape')

  await choose('dev-worker-2', 'Kill')
  const kill = page.getByRole('dialog', { name: 'Kill dev-worker-2 in dev?' })
  await expect(kill).toContainText('No pods run there.')
  await kill.getByRole('button', { name: 'Kill dev-worker-2' }).click()
  await expect(page.getByRole('region', { name: 'dev-worker-2' })).toContainText(/killed|stopped/)
  await expectAccessible(page)
})

test('a cluster of somebody else is reached by its plugin and proxy, and changes of its file are taken up', async () => {
  await expect(page.getByText('This file cannot be used: is not YAML, line')).toBeVisible()
  // Its plugin might open a browser: it runs when it is asked to.
  await expect(context()).toContainText('Not asked yet: sign-in')
  expect(proxied).toEqual([])
  await context().getByRole('button', { name: 'Check' }).click()
  await expect(context()).toContainText(/v1\.\d+.*no nodes/)
  expect(proxied.length).toBeGreaterThan(0)
  await writeKubeconfig('kube-system')
  await expect(context()).toContainText('namespace kube-system')
  await context().getByRole('button', { name: 'Open prod-eu' }).click()
  await expect(page.getByRole('button', { name: /^Namespaces:/ })).toContainText('kube-system')
})

test('a context that is locked refuses writes, and says so', async () => {
  const admin = createKubectl(other.kubeconfig)
  await admin.ok('create', 'configmap', 'kept', '-n', 'kube-system', '--from-literal=k=v')
  await page.getByRole('button', { name: 'All clusters' }).click()
  const lock = context().getByRole('switch', { name: 'Read-only: prod-eu' })
  await lock.click()
  await expect(lock).toBeChecked()
  await context().getByRole('button', { name: 'Open prod-eu' }).click()
  await page.getByRole('link', { name: 'ConfigMaps', exact: true }).click()
  await page.getByRole('table').getByRole('row').filter({ hasText: 'kept' }).click()
  const remove = page.getByRole('complementary').getByRole('button', { name: 'Delete' })
  await expect(remove).toHaveAttribute('aria-description', /^prod-eu is read-only in Slipway/)
  // It keeps its focus, so that the reason can be read, and does nothing.
  await remove.click({ force: true })
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect((await admin.ok('get', 'configmap', 'kept', '-n', 'kube-system', '-o', 'name')).trim()).toBe('configmap/kept')
})
