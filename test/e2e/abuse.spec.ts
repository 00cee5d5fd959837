import { randomBytes } from 'node:crypto'
import { expect, test, type Page } from '@playwright/test'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** Objects made to harm whoever looks at them, on one simulated cluster that all tests share. */
test.describe.configure({ mode: 'serial' })

let slipway: Slipway
let kubectl: Kubectl
let page: Page
const cluster = `abuse-${process.pid}`
/** What the page said to its console, and what the browser refused it. */
const complaints: string[] = []

const markup = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
const escapes = '\u001b]0;harmed\u0007\u001b[2J\u001b[31mred\u001b[0m'
const reversed = 'invoice\u202Egnp.exe'
const nasty = `${markup} ${escapes} ${reversed} {{ constructor.constructor('window.harmed=1')() }} javascript:harm()`
/** The longest names that Kubernetes takes. */
const longName = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`
const longNamespace = 'n'.repeat(63)
const group = 'evil.example.com'

/** A definition whose columns and names want to be taken for something else. */
const definition = (kind: string, plural: string, more: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), ...(kind === 'Pod' ? { shortNames: ['po', 'svc'] } : {}) },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        ...more,
      },
    ],
  },
})
const columns = [
  { name: markup, type: 'string', jsonPath: '.spec.text' },
  { name: 'Name', type: 'string', jsonPath: '.spec.text' },
  { name: 'Age', type: 'integer', jsonPath: '.spec.text' },
  ...Array.from({ length: 60 }, (_, at) => ({ name: `Column ${at}`, type: 'date', jsonPath: '.spec.list[*]' })),
]
const level = (depth: number): object => ({
  type: 'object',
  description: nasty,
  properties: Object.fromEntries(
    Array.from({ length: depth === 0 ? 0 : 12 }, (_, at) => [`field${at}`, level(depth - 1)]),
  ),
})

const objects: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: longNamespace } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'constructor' } },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'nasty', namespace: 'default', annotations: { note: nasty } },
    data: { constructor: 'constructor value', hasOwnProperty: 'property value', markup: nasty },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'large', namespace: 'default', annotations: { large: `${nasty} `.repeat(1_100) } },
    data: { large: 'x'.repeat(400_000), lines: `${nasty}\n`.repeat(1_500) },
    binaryData: { bytes: randomBytes(60_000).toString('base64') },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: longName, namespace: longNamespace, labels: { ['k'.repeat(63)]: 'v'.repeat(63) } },
    spec: {
      containers: [
        { name: 'c'.repeat(63), image: 'example/app:1', env: [{ name: 'TEXT', value: nasty }], args: [nasty] },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'nasty', namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', name: 'nasty', namespace: 'default' },
    type: 'Warning',
    reason: 'Harm',
    message: nasty,
    lastTimestamp: new Date().toISOString(),
  },
  definition('Pod', 'pods', { additionalPrinterColumns: columns }),
  definition('Access', 'access'),
  definition('Constructor', 'constructors', { schema: { openAPIV3Schema: level(3) } }),
]
const custom = ['Pod', 'Access', 'Constructor'].map((kind) => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name: 'odd', namespace: 'default' },
  ...(kind === 'Constructor' ? {} : { spec: { text: nasty, list: [1, nasty, { a: 1 }] } }),
}))

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--simulated', '1'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await create(objects)
  for (const plural of ['pods', 'access', 'constructors'])
    await kubectl.waitForValue(
      `crd/${plural}.${group}`,
      '{.status.conditions[?(@.type=="Established")].status}',
      'True',
    )
  await create(custom)
  page = await browser.newPage()
  // A machine that is overloaded, or that makes a network for another cluster, is no harm of an object.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('ERR_NETWORK_CHANGED')) complaints.push(message.text())
  })
  page.on('pageerror', (error) => /does not answer/.test(error.message) || complaints.push(String(error)))
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(slipway.ready.ui)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
})
test.afterAll(async () => {
  await page?.close()
  await slipway?.end()
})
test.afterEach(async () => {
  await expectUnharmed()
  expect(complaints).toEqual([])
})

async function create(items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { stderr, code } = await kubectl.withInput(list, 'create', '-f', '-')
  expect(code, stderr).toBe(0)
}

async function go(path: string): Promise<void> {
  await page.goto('about:blank')
  await page.goto(new URL(`/#/c/local:${cluster}/${path}`, slipway.ready.ui).href)
}
const heading = (): ReturnType<Page['locator']> => page.getByRole('heading', { level: 1 })
const row = (name: string): ReturnType<Page['locator']> => page.locator('[data-row]').filter({ hasText: name }).first()

/** Nothing ran, nothing became an element, no raw control or reversing mark is drawn, and the page fits the window. */
async function expectUnharmed(): Promise<void> {
  const found = await page.evaluate(() => ({
    harmed: (globalThis as { harmed?: number }).harmed,
    elements: document.querySelectorAll('#app img[src="x"], #app script').length,
    title: /harmed/.test(document.title),
    marks: /[\u0007\u001b\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText),
    sideways: document.documentElement.scrollWidth - window.innerWidth > 0,
  }))
  expect(found).toEqual({ harmed: undefined, elements: 0, title: false, marks: false, sideways: false })
}

test('lists show what objects say as text', async () => {
  await go('events')
  await expect(row('Harm')).toBeVisible()
  await expectUnharmed()
  await go('configmaps')
  await row('nasty').click()
  await expect(page.getByRole('complementary')).toContainText('property value')
})

test('names of the greatest length stay within their place, and are told whole', async () => {
  await go('pods')
  await expect(row(longName)).toBeVisible()
  await expectUnharmed()
  await page.setViewportSize({ width: 900, height: 800 })
  await go(`pods/${longNamespace}/${longName}`)
  await expect(heading()).toContainText(longName)
  await expectUnharmed()
  await page.getByRole('button', { name: /^Delete/ }).click()
  await expect(page.getByRole('dialog')).toContainText(longName)
  await expectUnharmed()
  await page.keyboard.press('Escape')
  await page.setViewportSize({ width: 1440, height: 900 })
})

test('keys that objects of JavaScript have by themselves are keys like others', async () => {
  await go('configmaps/default/nasty')
  await expect(page.getByText('property value')).toBeVisible()
  await expect(page.getByText('constructor value')).toBeVisible()
  await page.getByRole('tab', { name: 'YAML' }).click()
  await expect(page.getByText('property value')).toBeVisible()
})

test('an annotation of a quarter of a megabyte, large and binary values are shown at once, and edited', async () => {
  await go('configmaps/default/large')
  await expect(page.getByRole('region', { name: 'bytes' })).toContainText(/6\d(\.\d)? (kB|KiB)|58(\.\d)? KiB/)
  const longest = await page.evaluate(async () => {
    const times: number[] = []
    new PerformanceObserver((list) => times.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
      buffered: true,
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    return Math.max(0, ...times)
  })
  // The machine of the tests is shared: work is told from a page that hangs, no more.
  expect(longest).toBeLessThan(5_000)
  await page.getByRole('tab', { name: 'YAML' }).click()
  await expect(page.getByRole('tabpanel').locator('.cm-content')).toContainText('apiVersion')
})

test('a custom kind that is called like a built-in one, or like a page, is itself', async () => {
  await go(`pods.${group}`)
  await expect(row('odd')).toBeVisible()
  await expect(page.getByRole('columnheader', { name: 'onerror' }).first()).toBeVisible()
  await expectUnharmed()
  await go('pods')
  await expect(row(longName)).toBeVisible()
  await expect(row('odd')).toHaveCount(0)
  await go(`access.${group}/default/odd`)
  await expect(heading()).toContainText('odd')
  await go('access')
  await expect(heading()).toContainText('Who can do what')
})

test('a schema of thousands of fields leaves its kind usable', async () => {
  await go(`constructors.${group}/default/odd`)
  await expect(heading()).toContainText('odd')
  await page.getByRole('button', { name: /^Edit/ }).click()
  await expect(page.locator('.cm-content').first()).toContainText('kind: Constructor')
  await go(`customresourcedefinitions.apiextensions.k8s.io/-/constructors.${group}`)
  await expect(heading()).toContainText(`constructors.${group}`)
})

test('nothing of a cluster is found by what it does to the page: the palette shows names as text', async () => {
  await go('configmaps')
  await expect(row('nasty')).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Command palette' }).fill('constructor')
  await expect(page.getByRole('option').filter({ hasText: 'Constructor' }).first()).toBeVisible()
  await page.keyboard.press('Escape')
})
