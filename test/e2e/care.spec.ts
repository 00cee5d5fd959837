import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The page that keeps a cluster in order, on one real worker. */
test.describe.configure({ mode: 'serial' })

const name = 'care'
let page: Page
let slipway: Slipway
let kubectl: Kubectl
let folder: string

test.beforeAll(async ({ browser }) => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-care-'))
  slipway = await slipwayUp({ name, args: ['--workers', '1', '--cpus', '1', '--memory-mib', '1024'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok('create', 'configmap', 'kept', '--from-literal=a=1')
  await kubectl.ok('create', 'secret', 'generic', 'hidden', '--from-literal=password=seeded-in-e2e')
  page = await browser.newPage({ reducedMotion: 'reduce' })
  await page.goto(slipway.ready.ui)
  await page.getByRole('button', { name: `More of ${name}` }).click()
  await page.getByRole('menuitem', { name: /^Care/ }).click()
  await expect(page.getByRole('heading', { name: `Care of ${name}` })).toBeVisible()
})
test.afterAll(async () => {
  await slipway?.end()
  await rm(folder, { recursive: true, force: true })
})

const dialog = () => page.getByRole('dialog')
const notice = (text: RegExp) => expect(page.getByText(text).first()).toBeVisible({ timeout: 20_000 })

test('it shows the worker, its images, disk and certificates, and can be read by everybody', async () => {
  await expect(page.getByRole('slider', { name: `CPU limit of ${name}-worker-1` })).toHaveValue('1')
  await expect(page.getByText('Administrator (kubeconfig)')).toBeVisible()
  await expect(page.getByText(/free on this machine/)).toBeVisible()
  await expect(page.getByRole('cell', { name: /pause/ })).toBeVisible()
  await expectAccessible(page)
})

test('a limit is changed while the worker runs, its node follows, and it can be taken back', async () => {
  const capacity = (): Promise<string> => kubectl.ok('get', 'nodes', '-o', 'jsonpath={.items[0].status.capacity.cpu}')
  await page.getByRole('slider', { name: `CPU limit of ${name}-worker-1` }).press('ArrowLeft')
  await expect.poll(capacity, { timeout: 20_000 }).toBe('750m')
  await page.getByRole('button', { name: /^Undo the new limit/ }).click()
  await expect.poll(capacity, { timeout: 20_000 }).toBe('1')
})

test('an archive is loaded with its progress, one that is none is refused, and what no pod uses is cleaned up', async () => {
  const archive = join(folder, 'busybox.tar')
  execFileSync('docker', ['save', 'busybox:1.36', '-o', archive])
  const file = page.locator('[data-test=image-file]')
  await file.setInputFiles(archive)
  await notice(new RegExp(`busybox:1.36 loaded on ${name}-worker-1`))
  await expect(page.getByRole('cell', { name: 'busybox:1.36' })).toBeVisible()
  const broken = join(folder, 'broken.tar')
  await writeFile(broken, 'no archive')
  await file.setInputFiles(broken)
  await notice(/broken\.tar: /)
  await page.getByRole('button', { name: /^Clean up/ }).click()
  await expect(dialog()).toContainText(/busybox:1\.36/)
  await dialog()
    .getByRole('button', { name: new RegExp(`^Remove \\d+ images? of ${name}$`) })
    .click()
  await expect(page.getByRole('cell', { name: 'busybox:1.36' })).toHaveCount(0)
})

test('a mirror of a registry is added, changed and removed while the cluster runs', async () => {
  const file = (): string =>
    execFileSync('docker', ['exec', `slipway-${name}-worker-1`, 'cat', '/etc/slipway/registry-mirrors.json'], {
      encoding: 'utf8',
    })
  await page.getByRole('button', { name: `Add a mirror ${name}` }).click()
  await dialog().getByRole('textbox', { name: 'Registry' }).fill('ghcr')
  await dialog()
    .getByRole('textbox', { name: /^Mirrors/ })
    .fill('https://mirror.example.com/gh')
  await expect(dialog().getByText('A registry as in image names')).toBeVisible()
  await expect(dialog().getByRole('button', { name: 'Use mirrors' })).toBeDisabled()
  await dialog().getByRole('textbox', { name: 'Registry' }).fill('ghcr.io')
  await dialog().getByRole('button', { name: 'Use mirrors' }).click()
  await expect(dialog()).toHaveCount(0)
  expect(JSON.parse(file())).toEqual({ 'ghcr.io': ['https://mirror.example.com/gh'] })

  await page.getByRole('button', { name: 'Change the mirrors of ghcr.io' }).click()
  await dialog()
    .getByRole('textbox', { name: /^Mirrors/ })
    .fill('http://10.0.0.5:5000\nhttps://mirror.example.com/gh')
  await dialog().getByRole('button', { name: 'Use mirrors' }).click()
  await expect(page.getByText('http://10.0.0.5:5000', { exact: true })).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Remove the mirrors of ghcr.io' }).click()
  await notice(/Mirrors of ghcr\.io removed/)
  expect(JSON.parse(file())).toEqual({})
})

test('a snapshot is taken and, once the name was typed, put back', async () => {
  await page.getByRole('button', { name: `Take one now ${name}` }).click()
  await dialog().getByRole('textbox').fill('before')
  await dialog().getByRole('button', { name: 'Take a snapshot' }).click()
  await expect(page.getByText(/objects, 0 volumes/).first()).toBeVisible()
  await kubectl.ok('delete', 'configmap', 'kept')

  await page.getByRole('button', { name: 'Restore before' }).click()
  const restore = dialog().getByRole('button', { name: `Restore ${name}` })
  await expect(restore).toBeDisabled()
  await dialog().getByRole('textbox').fill(name)
  await restore.click()
  await expect(page.getByText(/^before-/)).toBeVisible({ timeout: 60_000 })
  await expect(page.getByText('Running', { exact: true })).toBeVisible({ timeout: 60_000 })
  await expect.poll(async () => (await kubectl('get', 'configmap', 'kept')).code, { timeout: 20_000 }).toBe(0)
})

test('certificates are issued anew while the kubeconfig goes on', async () => {
  await page.getByRole('button', { name: `Rotate ${name}` }).click()
  await dialog()
    .getByRole('button', { name: `Rotate ${name}` })
    .click()
  await expect(dialog()).toHaveCount(0)
  await expect(page.getByText('Running', { exact: true })).toBeVisible({ timeout: 30_000 })
  const own = createKubectl(join(slipway.data, 'clusters', name, 'kubeconfig'))
  await expect.poll(async () => (await own('get', 'nodes')).code, { timeout: 20_000 }).toBe(0)
})

test('manifests are exported without Secrets, and a bundle has none', async () => {
  const downloaded = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export manifests' }).click()
  await page.getByRole('menuitem', { name: 'Without Secrets' }).click()
  const manifests = await readFile(await (await downloaded).path(), 'utf8')
  expect(manifests).toContain('name: kept')
  expect(manifests).not.toContain('hidden')

  await page.getByRole('button', { name: 'Make bundle' }).click()
  const done = page.getByText(/values taken out/)
  await expect(done).toBeVisible({ timeout: 20_000 })
  const bundle = (await done.getAttribute('title')) ?? ''
  expect((await stat(bundle)).mode & 0o777).toBe(0o600)
  const content = execFileSync('tar', ['xzOf', bundle], { encoding: 'utf8' })
  expect(content).toContain('"kept"')
  expect(content).not.toContain('seeded-in-e2e')
})
