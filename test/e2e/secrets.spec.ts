import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, expect, test, type Browser, type Page } from '@playwright/test'
import { parse } from 'yaml'
import { wholeStrings, wordsOnHeap } from '../support/heap-text.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { serveSlipway, slipwayUp, type ServedSlipway, type Slipway } from '../support/slipway.ts'

/** Words that nobody but their owner may see, in a Secret and in a kubeconfig, and every place where they could stay. */
test.describe.configure({ mode: 'serial' })
// A trace keeps what the page has shown on the page's own heap, and so does a locator with the text of a secret.
test.use({ trace: 'off' })

const seed = (what: string): string => `${what}-${randomUUID()}`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const value = seed('value')
const typed = seed('typed')
const pluginEnv = seed('env')
const pluginOutput = seed('output')
const inBrokenFile = seed('broken')

let folder: string
let cluster: Slipway
let kubectl: Kubectl
let slipway: ServedSlipway
let browser: Browser
let page: Page
/** The token of the cluster's administrator, by which both contexts sign in. */
let token: string
let log = ''

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-secrets-'))
  cluster = await slipwayUp({ name: `secrets-${process.pid}`, args: ['--simulated', '1'] })
  kubectl = createKubectl(cluster.kubeconfig)
  token = (await readFile(join(cluster.data, `clusters/${cluster.ready.name}/pki/admin.token`), 'utf8')).trim()
  await kubectl.ok('create', 'secret', 'generic', 'seeded', `--from-literal=password=${value}`)
  await writeFile(join(folder, 'broken'), `users:\n- name: a\n  user: {token: "${inBrokenFile}\n`)
  await writeKubeconfig()
  slipway = await serveSlipway({
    kubeconfig: [join(folder, 'config'), join(folder, 'broken')].join(':'),
    onLog: (text) => (log += text),
  })
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', wholeStrings],
  })
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(slipway.url)
})
test.afterAll(async () => {
  await browser?.close()
  await slipway?.end()
  await cluster?.end()
  await rm(folder, { recursive: true, force: true })
})

/** One context with a token, one with a plugin that prints it, and one with a plugin that prints what it should not. */
async function writeKubeconfig(): Promise<void> {
  const theirs = parse(await readFile(cluster.kubeconfig, 'utf8')) as { clusters: { cluster: object }[] }
  const apiVersion = 'client.authentication.k8s.io/v1'
  const plugin = async (name: string, output: string): Promise<object> => {
    await writeFile(join(folder, name), `#!/bin/sh\necho "$TOKEN_SALT" >&2\ncat <<'END'\n${output}\nEND\n`)
    await chmod(join(folder, name), 0o755)
    const env = [{ name: 'TOKEN_SALT', value: pluginEnv }]
    return { exec: { apiVersion, command: `./${name}`, interactiveMode: 'Never', env } }
  }
  const users = {
    'by-token': { token },
    'by-plugin': await plugin('sign-in', JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token } })),
    'by-broken': await plugin('broken-sign-in', `token: ${pluginOutput}`),
  }
  const config = {
    clusters: [{ name: 'far', cluster: theirs.clusters[0]?.cluster }],
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    contexts: Object.keys(users).map((name) => ({ name, context: { cluster: 'far', user: name } })),
  }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
}

const go = (path: string): Promise<unknown> => page.goto(new URL(`/#${path}`, slipway.url).href)
const of = (name: string): string => `/c/kubeconfig:${name}`
const secrets = (): string[] => [value, base64(value), typed, base64(typed)]
const credentials = (): string[] => [token, pluginEnv, pluginOutput, inBrokenFile]

test('no credential of a kubeconfig reaches the page, its texts or the log', async () => {
  for (const name of ['by-token', 'by-plugin']) {
    await go(`${of(name)}/secrets`)
    await expect(page.locator('[data-row]').filter({ hasText: 'seeded' })).toBeVisible()
  }
  await go(`${of('by-broken')}/secrets`)
  await expect(page.getByText(/did not print an ExecCredential/).first()).toBeVisible()
  await go('/')
  await expect(page.getByText(/is not YAML, line/)).toBeVisible()
  const shown = await page.locator('body').innerText()
  expect(credentials().filter((word) => shown.includes(word) || log.includes(word))).toEqual([])
  expect(await wordsOnHeap(page, credentials())).toEqual([])
})

test('values of a Secret that was shown and edited leave the heap when they are closed', async () => {
  await go(`${of('by-token')}/secrets/default/seeded`)
  await page.getByRole('button', { name: 'Show values' }).first().click()
  await expect(page.getByRole('button', { name: 'Hide values' }).first()).toBeVisible()
  // The search finds what is there: else it would prove nothing.
  expect(await wordsOnHeap(page, [value])).toEqual([value])

  await page.getByRole('button', { name: /^Edit/ }).click()
  const editor = page.getByRole('textbox', { name: /^YAML of/ })
  await editor.locator('.cm-line').filter({ hasText: 'metadata:' }).first().click()
  await page.keyboard.press('Home')
  await page.keyboard.type(`stringData: {more: ${typed}}`)
  await page.keyboard.press('Enter')
  await expect(editor).toContainText('stringData')
  await page
    .getByRole('region', { name: 'Dock', exact: true })
    .getByRole('button', { name: /^Close / })
    .first()
    .click()
  await expect(page.getByRole('tablist', { name: 'Dock tabs' })).toHaveCount(0)
  await go('/settings')
  // Lists are kept for ten seconds for who comes back.
  await expect.poll(() => wordsOnHeap(page, secrets()), { timeout: 60_000, intervals: [11_000, 5_000] }).toEqual([])
})

test('neither are in local storage, nor in any file of the app', async () => {
  const kept = await page.evaluate(async () =>
    JSON.stringify([
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      await indexedDB.databases(),
      document.cookie,
    ]),
  )
  const words = [...secrets(), ...credentials()]
  expect(words.filter((word) => kept.includes(word))).toEqual([])
  const files = (await readdir(slipway.data, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())
  expect(files.length).toBeGreaterThan(0)
  for (const { name, parentPath } of files) {
    const content = await readFile(join(parentPath, name), 'latin1')
    expect({ name, has: words.filter((word) => content.includes(word)) }).toEqual({ name, has: [] })
  }
  expect(words.filter((word) => log.includes(word))).toEqual([])
})
