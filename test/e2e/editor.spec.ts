import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The editor of manifests on one simulated cluster that all tests share. */
test.describe.configure({ mode: 'serial' })

let slipway: Slipway
let kubectl: Kubectl
let page: Page

const cart = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'cart' } },
    template: {
      metadata: { labels: { app: 'cart' } },
      spec: { containers: [{ name: 'cart', image: 'cart:1', env: [{ name: 'TTL', value: '30m' }] }] },
    },
  },
}
test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: `editor-${process.pid}`, args: ['--simulated', '1'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok('create', 'namespace', 'shop')
  await kubectl.withInput(JSON.stringify(cart), 'apply', '--server-side', '--field-manager=argo-sync', '-f', '-')
  const context = await browser.newContext()
  page = await context.newPage()
  await page.goto(slipway.ready.ui)
  await page
    .getByRole('button', { name: /^Open / })
    .first()
    .click()
  await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: 'Deployments', exact: true }).click()
  await page.getByRole('table').getByRole('row').filter({ hasText: 'cart' }).click()
  await page
    .getByRole('complementary')
    .getByRole('button', { name: /^Edit / })
    .click()
})
test.afterAll(() => slipway?.end())

const editor = () => page.getByRole('textbox', { name: /^YAML of/ })
const line = (text: string) => editor().locator('.cm-line').filter({ hasText: text }).first()
const problems = () => page.getByRole('region', { name: 'Problems' })
const button = (name: string | RegExp) => page.getByRole('button', { name })
const save = () => button(`Save cart to ${slipway.ready.name} / shop`)
const caretLine = (): Promise<string> =>
  page.evaluate(() => {
    const node = getSelection()?.anchorNode
    const element = node instanceof Element ? node : node?.parentElement
    return element?.closest('.cm-line')?.textContent ?? ''
  })
async function append(at: string, text: string): Promise<void> {
  await line(at).click()
  await page.keyboard.press('End')
  await page.keyboard.type(text)
}

test('says beside the lines who owns them', async () => {
  await expect(editor()).toContainText('image: cart:1')
  await expect(page.locator('.cm-owner-names')).toContainText('argo-sync')
  expect((await new AxeBuilder({ page }).include('.cm-editor').analyze()).violations).toEqual([])
})

test('the find bar and the completion have the colours of the theme', async () => {
  const ground = (of: string): Promise<string> =>
    page.locator(of).evaluate((element) => getComputedStyle(element).backgroundColor)
  const token = (name: string): Promise<string> =>
    page.evaluate((value) => {
      const probe = document.body.appendChild(document.createElement('i'))
      probe.style.backgroundColor = `var(${value})`
      const colour = getComputedStyle(probe).backgroundColor
      probe.remove()
      return colour
    }, name)
  const before = await page.locator('html').getAttribute('data-theme')
  for (const theme of ['dark', 'light']) {
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme)
    await line('image: cart:1').click()
    await page.keyboard.press('Control+f')
    expect(await ground('.cm-panels')).toBe(await token('--canvas'))
    await page.keyboard.press('Escape')
    await line('image: cart:1').click()
    await page.keyboard.press('Home')
    await page.keyboard.press('Control+Space')
    await expect(page.locator('.cm-tooltip-autocomplete')).toBeVisible()
    expect(await ground('.cm-tooltip-autocomplete')).toBe(await token('--raised'))
    await page.keyboard.press('Escape')
  }
  await page.evaluate((name) => (document.documentElement.dataset.theme = name ?? ''), before)
})

test('a field is explained under the pointer, text is put in order, and lines are folded', async () => {
  await line('replicas: 2').getByText('replicas').hover()
  const docs = page.locator('.cm-tooltip-hover')
  await expect(docs).toContainText('Number of desired pods')
  await page.mouse.move(5, 5)
  await append('image: cart:1', '')
  await page.keyboard.press('Enter')
  await page.keyboard.type('imagePullPolicy:    Always')
  await button('Format').click()
  await expect(editor()).toContainText('imagePullPolicy: Always')
  await button('Discard changes').click()
  const marker = page.locator('.cm-foldGutter span[title]').filter({ hasText: '⌄' })
  const folds = await marker.count()
  expect(folds).toBeGreaterThan(0)
  await marker.last().click()
  const folded = page.locator('.cm-foldPlaceholder')
  await expect(folded).toBeVisible()
  await folded.click()
  await expect(folded).toHaveCount(0)
})

test('Save and Dry run are off while there are errors, and say why', async () => {
  await append('replicas: 2', 'x')
  await expect(problems()).toContainText('takes an integer')
  await expect(save()).toHaveAttribute('aria-disabled', 'true')
  await expect(save()).toHaveAttribute('title', '1 problem')
  await expect(button('Dry run')).toHaveAttribute('aria-disabled', 'true')
  await button('Discard changes').click()
})

test('what the server refuses after a merge is at its line of the merged text', async () => {
  await append('replicas: 2', '')
  await page.keyboard.press('Enter')
  await page.keyboard.type('minReadySeconds: -1')
  await kubectl.ok('annotate', '-n', 'shop', 'deployment', 'cart', 'note=merged', 'other=too')
  await save().click()
  await expect(editor()).toContainText('note: merged')
  const problem = problems().getByRole('button').filter({ hasText: 'minReadySeconds' })
  await expect(problem).toContainText('server')
  await problem.click()
  await expect.poll(caretLine).toContain('minReadySeconds: -1')
  await button('Discard changes').click()
})

test('what both have changed is chosen field by field; what the server changed alone is merged', async () => {
  await append('image: cart:1', '.9')
  await kubectl.ok('set', 'image', '-n', 'shop', 'deployment/cart', 'cart=cart:2')
  await kubectl.ok('label', '-n', 'shop', 'deployment', 'cart', 'team=shop')
  await save().click()
  const clash = page.getByRole('region', { name: /^Conflict in .*image$/ })
  await expect(clash).toContainText('cart:1.9')
  await expect(clash).toContainText('cart:2')
  await expect(editor()).toContainText('team: shop')
  await expect(save()).toHaveAttribute('aria-disabled', 'true')
  await clash.getByRole('button', { name: /^Take yours/ }).click()
  await save().click()
  await expect(page.getByText('Deployment cart saved')).toBeVisible()
  const image = 'jsonpath={.spec.template.spec.containers[0].image} {.metadata.labels.team}'
  expect(await kubectl.ok('get', 'deployment', 'cart', '-n', 'shop', '-o', image)).toBe('cart:1.9 shop')
})

const manifest = () => page.getByRole('textbox', { name: 'Manifest' })
async function paste(text: string): Promise<void> {
  await manifest().click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}
const set = `apiVersion: v1
kind: Namespace
metadata: {name: port}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: map, namespace: port}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: port}
spec: {ports: [{port: 99999}]}
`

test('a dry run checks what is in a namespace that it makes', async () => {
  await page.getByRole('banner').getByRole('button', { name: 'Deploy' }).click()
  await paste(set)
  await button('Dry run').click()
  const results = page.getByRole('list', { name: 'Results' }).getByRole('listitem')
  await expect(results).toHaveCount(3)
  await expect(results.filter({ hasText: 'ConfigMap' })).toContainText(
    'Not checked: quotas, limits and policies of port',
  )
  await expect(results.filter({ hasText: 'Service' })).toContainText('failed')
  await expect(problems()).toContainText('ports[0].port')
})

/** Longer than what the editor draws: CodeMirror has only the lines in sight in the document. */
const filler = Array.from({ length: 300 }, (_, at) => `  key${at}: value`).join('\n')
const refused = `apiVersion: v1
kind: ConfigMap
metadata: {name: long, namespace: shop}
data:
${filler}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: wrong, namespace: shop}
spec:
  selector: {matchLabels: {app: wrong}}
  template:
    metadata: {labels: {app: wrong}}
    spec:
      containers:
        - name: Not_A_Name
          image: app:1
          ports:
            - containerPort: 99999
`
const lineOf = (text: string): number => refused.split('\n').findIndex((each) => each.includes(text)) + 1

test('each cause that the server tells is at its line, also at lines out of sight', async () => {
  await paste(refused)
  await page.keyboard.press('Control+Home')
  await button('Dry run').click()
  for (const [field, text] of [
    ['containers[0].name', 'Not_A_Name'],
    ['containers[0].ports[0].containerPort', '99999'],
  ] as const) {
    const problem = problems().getByRole('button').filter({ hasText: field })
    await expect(problem).toContainText('server')
    await expect(problem).toContainText(new RegExp(`${lineOf(text)}:\\d+$`))
    await problem.click()
    const marked = manifest().locator('.cm-line').filter({ hasText: text })
    await expect(marked).toBeInViewport()
    await expect(marked.locator('.cm-lintRange-error')).not.toHaveCount(0)
    await expect.poll(caretLine).toContain(text)
  }
})

test('a form and its YAML are one, and are deployed', async () => {
  await button('App with Service').click()
  const form = page.getByRole('form', { name: 'App with Service' })
  await form.getByLabel('Name', { exact: true }).fill('Wish')
  await expect(form).toContainText('lower case')
  await form.getByLabel('Name', { exact: true }).fill('wish')
  await form.getByLabel('Namespace').fill('shop')
  await expect(manifest()).toContainText('app: wish')
  await manifest().locator('.cm-line').filter({ hasText: 'replicas: 1' }).click()
  await page.keyboard.press('End')
  await page.keyboard.type('2')
  await expect(form.getByLabel('Pods')).toHaveValue('12')
  await button(`Deploy to ${slipway.ready.name} / shop`).click()
  await expect(page.getByRole('list', { name: 'Results' }).getByText('created')).toHaveCount(2)
  expect(await kubectl.ok('get', 'deployment', 'wish', '-n', 'shop', '-o', 'jsonpath={.spec.replicas}')).toBe('12')
})

test('values of a Secret are masked, and kept in no draft', async () => {
  await page.getByRole('navigation', { name: 'What to begin with' }).getByRole('button', { name: 'Secret' }).click()
  const form = page.getByRole('form', { name: 'Secret' })
  await form.getByRole('button', { name: 'Add' }).click()
  await form.getByLabel('Value of KEY').fill('hunter2-seeded')
  await form.getByLabel('Value of KEY').blur()
  await expect(form.getByLabel('Value of KEY')).toHaveAttribute('type', 'password')
  await expect(page.locator('.cm-masked')).toHaveCount(1)
  await expect(page.getByText(/not kept|not stored|Secret/).first()).toBeVisible()
  const { readdir, readFile } = await import('node:fs/promises')
  const files = (await readdir(slipway.data, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())
  for (const { name, parentPath } of files.filter(({ name }) => /draft|settings|\.json$/.test(name)))
    expect(await readFile(`${parentPath}/${name}`, 'utf8')).not.toContain('hunter2-seeded')
})

test('in a locked context nothing is saved, and the editor says why', async () => {
  await button('All clusters').click()
  const lock = page.getByRole('region', { name: /^Cluster / }).getByRole('switch', { name: /^Read-only/ })
  await lock.click()
  await page.goto(`${new URL('/', slipway.ready.ui).href}#/c/local:${slipway.ready.name}/deployments/shop/cart`)
  await page.getByRole('tab', { name: 'YAML' }).click()
  await expect(page.getByText(/is read-only in Slipway/).first()).toBeVisible()
  await append('replicas: 2', '0')
  await expect(save()).toHaveAttribute('aria-disabled', 'true')
  await expect(save()).toHaveAttribute('title', /is read-only in Slipway/)
  await button('Discard changes').click()
})
