import { readFile } from 'node:fs/promises'
import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Locator, type Page } from '@playwright/test'
import { pressAction } from '../support/object-actions.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** The dock on one real worker: logs of pods that crash, wait, restart and write much, and every kind of terminal. */
test.describe.configure({ mode: 'serial' })

const name = `dock-${process.pid}`
let slipway: Slipway
let page: Page
let kubectl: Kubectl

/** Waits inside a container until `touch /tmp/go`. */
const waits = 'while [ ! -f /tmp/go ]; do sleep 0.1; done'
const container = (script: string, more = ''): string =>
  `{name: app, image: "busybox:1.36", command: [sh, -c, '${script}'] ${more}}`
const podOf = (pod: string, containers: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${pod}}\nspec: {terminationGracePeriodSeconds: 1, ${more} containers: [${containers}]}`
const deploymentOf = (app: string, replicas: number, script: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${app}}\nspec: {replicas: ${replicas}, selector: {matchLabels: {app: ${app}}}, template: {metadata: {labels: {app: ${app}}}, spec: {terminationGracePeriodSeconds: 1, containers: [${container(script)}]}}}`

/** What a log may say to harm its reader: markup, a title, a cleared screen, a colour, a mark that reverses. */
const hostile = String.raw`line=$(printf "<img src=x onerror=window.harmed=1>\033]0;harmed\007\033[2J\033[31mred\033[0m \342\200\256gnp.exe"); seq 100000 | sed "s|$| $line|"; sleep 1000`

const objects = [
  podOf('crash', container('echo begins; echo "ERROR: cannot reach postgres"; exit 7')),
  podOf('noimage', '{name: app, image: "registry.invalid/nope:1"}'),
  podOf(
    'held',
    container('sleep 1000'),
    `initContainers: [{name: migrate, image: "busybox:1.36", command: [sleep, "1000"]}],`,
  ),
  podOf('again', container(`echo one run; ${waits}; exit 3`)),
  podOf('much', container(`seq 54000 | sed "s/^/line /"; ${waits}; seq 54001 62000 | sed "s/^/line /"; sleep 1000`)),
  deploymentOf(
    'json',
    2,
    `while true; do echo "{\\"level\\":\\"warn\\",\\"msg\\":\\"GET /cart\\",\\"status\\":502}"; echo "healthz ok"; echo "{\\"level\\":\\"info\\",\\"msg\\":\\"GET /\\",\\"status\\":200}"; sleep 1; done`,
  ),
  podOf('hostile', container(hostile)),
  deploymentOf('web', 1, 'sleep 1000'),
  podOf('reader', container('while read line; do echo "got $line"; done', ', stdin: true, tty: true')),
  podOf('bare', '{name: app, image: "registry.k8s.io/pause:3.10"}'),
]

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name, args: ['--workers', '1'] })
  kubectl = createKubectl(slipway.kubeconfig)
  const applied = await kubectl.withInput(objects.join('\n---\n'), 'apply', '-f', '-')
  expect(applied.stderr).toBe('')
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
})
test.afterAll(() => slipway?.end())
test.afterEach(async () => {
  const close = page
    .getByRole('region', { name: 'Dock', exact: true })
    .getByRole('button', { name: /^Close .* \/|^Close Node/ })
  while (await close.isVisible()) await close.click()
})

async function press(button: string, plural: string, object: string): Promise<void> {
  const { origin } = new URL(slipway.ready.ui)
  await page.goto(`${origin}/#/c/local:${name}/${plural}`)
  await page.getByRole('row').filter({ hasText: object }).first().click()
  await pressAction(page, page.getByRole('complementary').first(), new RegExp(`^${button}`))
}
const log = (of: string): Locator => page.getByRole('log', { name: `Logs ${of}` })
const terminal = (of: string | RegExp): Locator => page.getByTestId('terminal').filter({ hasText: of, visible: true })
async function type(where: Locator, text: string): Promise<void> {
  await where.locator('.xterm-screen').click()
  await page.keyboard.type(text)
}
async function expectAccessible(): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include('section[aria-label="Dock"]').analyze()
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
  ).toEqual([])
}

test('a crashed pod shows the lines of its last run, with its exit code', async () => {
  await expect.poll(() => kubectl.ok('get', 'pod', 'crash'), { timeout: 60_000 }).toContain('CrashLoopBackOff')
  await press('Logs', 'pods', 'crash')
  await expect(log('crash')).toContainText('cannot reach postgres')
  await expect(log('crash').locator('[data-note]').first()).toContainText(/app: previous run, exit 7, \d\d:\d\d:\d\d/)
  await expectAccessible()
})

test('a pod that has not run says why there is no log', async () => {
  await expect
    .poll(() => kubectl.ok('get', 'pod', 'noimage'), { timeout: 60_000 })
    .toMatch(/ErrImagePull|ImagePullBackOff/)
  await press('Logs', 'pods', 'noimage')
  await expect(page.getByTestId('no-log')).toContainText('app has not run, so it has no log.')
  await expect(page.getByTestId('no-log')).toContainText(/ImagePull[\s\S]*registry\.invalid/)
  await press('Logs', 'pods', 'held')
  await expect(page.getByTestId('no-log').filter({ visible: true })).toContainText(
    'app waits for init container migrate.',
  )
})

test('a restart is followed: the new run appears below a line of its own', async () => {
  await press('Logs', 'pods', 'again')
  await expect(log('again')).toContainText('one run')
  await kubectl.ok('exec', 'again', '--', 'touch', '/tmp/go')
  await expect(log('again').locator('[data-note]').filter({ hasText: 'exit 3' })).toBeVisible({ timeout: 60_000 })
  await expect(log('again').locator('[data-note]').filter({ hasText: 'app: run 2, started' })).toBeVisible({
    timeout: 60_000,
  })
  await expect(log('again').locator('[data-text]').filter({ hasText: 'one run' })).toHaveCount(2)
})

test('the line that is being read stays where it is while older lines are dropped', async () => {
  await press('Logs', 'pods', 'much')
  const lines = log('much')
  await page.getByLabel('Range', { exact: true }).selectOption('Everything')
  await expect(lines).toContainText('line 54000')
  await lines.evaluate((box) => (box.scrollTop = box.scrollHeight * 0.7))
  await expect(page.getByRole('button', { name: 'Follow' })).toBeVisible()
  const middle = async (): Promise<{ text: string | null; y: number }> => {
    const box = await lines.boundingBox()
    return lines.locator('[data-text]').evaluateAll(
      (all, y) => {
        const found = all.find((line) => line.getBoundingClientRect().top >= y)
        return { text: found?.textContent ?? null, y: Math.round(found?.getBoundingClientRect().top ?? 0) }
      },
      (box?.y ?? 0) + 60,
    )
  }
  const before = await middle()
  expect(before.text).toMatch(/^line \d+$/)
  await kubectl.ok('exec', 'much', '--', 'touch', '/tmp/go')
  await expect(page.getByRole('button', { name: '8,000 new lines' })).toBeVisible()
  await expect(page.getByText(/older lines are no longer kept here \(limit 50,000\)/)).toBeAttached()
  expect(await middle()).toEqual(before)
})

test('a hundred thousand lines of markup, escapes and reversing marks are text, each told or counted', async () => {
  await press('Logs', 'pods', 'hostile')
  await page.getByLabel('Range', { exact: true }).selectOption('Everything')
  const lines = log('hostile')
  await expect(lines).toContainText('100000 <img src=x onerror=window.harmed=1>')
  await expect(page.getByText(/\d\d,\d{3} older lines are no longer kept here/)).toBeAttached()
  const found = await page.evaluate(() => ({
    harmed: 'harmed' in window,
    elements: document.querySelectorAll('#app img').length,
    title: document.title.includes('harmed'),
    marks: /[\u0007\u001b\u202a-\u202e]/.test(document.body.innerText),
  }))
  expect(found).toEqual({ harmed: false, elements: 0, title: false, marks: false })
})

test('JSON lines are columns, and lines are filtered by words, levels, pods and times', async () => {
  await press('Logs', 'deployments', 'json')
  const lines = log('json')
  await expect(page.getByTestId('log-columns')).toContainText('status')
  await expect(lines).toContainText('502')
  await expectAccessible()
  await page.getByRole('button', { name: 'JSON as columns' }).click()
  await expect(lines).toContainText('"status":502')

  const search = page.getByLabel('Search logs')
  await search.fill('-healthz cart')
  await expect(lines.locator('mark').first()).toHaveText('cart')
  await expect(lines).not.toContainText('healthz')
  await page.getByRole('button', { name: 'Only matching lines' }).click()
  await expect(lines).not.toContainText('"status":200')
  await search.fill('/status":2\\d+/')
  await expect(lines.locator('mark').first()).toHaveText('status":200')
  await search.fill('')
  await page.getByRole('button', { name: /^W / }).click()
  await expect(lines).not.toContainText('502')
  const switches = page.getByRole('group', { name: 'Pods and containers' }).getByRole('button')
  const [first, second] = await switches.allTextContents()
  await expect(lines).toContainText(first!.trim())
  await switches.first().click()
  await expect(switches.first()).toHaveAttribute('aria-pressed', 'false')
  await expect(lines).not.toContainText(first!.trim())
  await expect(lines).toContainText(second!.trim())
  await page.getByRole('button', { name: 'Go to a time' }).click()
  await page.getByRole('textbox', { name: 'Go to a time' }).fill('2d ago')
  await page.getByRole('button', { name: 'Go', exact: true }).click()
  await expect(page.getByText(/lines here begin later/)).toBeVisible()
  await page.keyboard.press('Escape')
})

test('downloads what the server has, and what matches', async () => {
  await press('Logs', 'pods', 'much')
  await expect(log('much')).toContainText('line 62000')
  const saved = async (item: string): Promise<string[]> => {
    await page.getByRole('button', { name: 'Download', exact: true }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: item }).click(),
    ])
    return (await readFile(await download.path(), 'utf8')).trimEnd().split('\n')
  }
  expect(await saved('Download all that the server has')).toHaveLength(62_000)
  await page.getByLabel('Search logs').fill('/line 6199\\d$/')
  await expect(page.getByText('10 found')).toBeVisible()
  expect(await saved('Download the lines that match')).toHaveLength(10)
})

test('two logs stand side by side', async () => {
  await press('Logs', 'pods', 'crash')
  await press('Logs', 'pods', 'again')
  await page.getByRole('button', { name: 'Show side by side' }).click()
  await expect(log('crash')).toBeVisible()
  await expect(log('again')).toBeVisible()
  await page.getByRole('button', { name: 'End side by side' }).click()
  await expect(log('crash')).toBeHidden()
})

test('a pasted newline waits, and the safe choice runs nothing', async () => {
  await press('Shell', 'pods', 'reader')
  const shell = terminal('reader')
  await expect(shell).toContainText('/ #')
  const paste = (text: string): Promise<void> =>
    shell.locator('textarea').evaluate((box, value) => {
      const data = new DataTransfer()
      data.setData('text/plain', value)
      box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    }, text)
  await paste('echo a$((20+3))\necho b$((40+5))\n')
  const question = page.getByRole('alertdialog', { name: 'Paste 2 lines?' })
  await expect(question.getByRole('button', { name: 'Paste without running' })).toBeFocused()
  await expectAccessible()
  await question.getByRole('button', { name: 'Paste without running' }).click()
  await expect(shell).toContainText('echo a$((20+3)); echo b$((40+5))')
  await expect(shell).not.toContainText('a23')
  await page.keyboard.press('Control+c')
  await paste('echo a$((20+3))\necho b$((40+5))\n')
  await question.getByRole('button', { name: 'Paste all 2 lines' }).click()
  await expect(shell).toContainText('b45')
  await page.keyboard.press('Control+=')
  await expect(page.getByText('13 px')).toBeVisible()
})

test('attaches to the program that a container runs', async () => {
  await press('Attach', 'pods', 'reader')
  const attached = terminal('attached')
  await expect(attached).toHaveAttribute('data-state', 'open')
  await type(attached, 'hello\n')
  await expect(attached).toContainText('got hello')
})

test('a container without a shell says so and offers a debug container, which sees its processes', async () => {
  await press('Shell', 'pods', 'bare')
  await expect(page.getByText('Container app has no such shell.')).toBeVisible()
  await page.getByRole('button', { name: 'Debug container', exact: true }).click()
  const form = page.getByRole('complementary', { name: 'Debug container' })
  await expect(form.getByLabel('Image')).toHaveValue('busybox:1.36')
  await expect(form).toContainText('kubectl debug -n default -it bare --image=busybox:1.36 --target=app')
  await form.getByRole('button', { name: `Add to bare in ${name} / default` }).click()
  const debug = terminal('debugger-')
  await expect(debug).toHaveAttribute('data-state', 'open', { timeout: 60_000 })
  await type(debug, 'ps; echo done$((1+1))\n')
  await expect(debug).toContainText('done2')
  await expect(debug).toContainText('pause')
})

test('a node shell is root on the node, and its pod goes with its tab', async () => {
  await press('Node shell', 'nodes', `${name}-worker-1`)
  const shell = terminal('node shell, root')
  await expect(shell).toHaveAttribute('data-state', 'open', { timeout: 60_000 })
  await type(shell, 'chroot /host cat /etc/hostname\n')
  await expect(shell).toContainText('worker-1')
  expect(await kubectl.ok('get', 'pods', '-o', 'name')).toContain('node-debugger-')
  await page.getByRole('button', { name: /^Close Node shell/ }).click()
  await expect.poll(() => kubectl.ok('get', 'pods', '-o', 'name'), { timeout: 60_000 }).not.toContain('node-debugger-')
})

test('a pane whose pod is gone keeps its lines and opens on the pod that follows', async () => {
  const [gone = ''] = (
    await kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')
  ).split(' ')
  await press('Shell', 'pods', gone)
  const pane = page.getByTestId('terminal').filter({ visible: true })
  await expect(pane).toContainText('/ #')
  await type(pane, 'echo kept$((1+1))\n')
  await expect(pane).toContainText('kept2')
  await kubectl.ok('delete', 'pod', gone, '--wait=false')
  await expect(page.getByText('The pod was replaced.')).toBeVisible({ timeout: 60_000 })
  await expect(pane).toContainText('kept2')
  await page.getByRole('button', { name: /^Open on web-/ }).click()
  await expect(pane).toHaveAttribute('data-state', 'open', { timeout: 60_000 })
  await expect(pane).not.toContainText(gone)
  await expect(pane).toContainText('/ #')
})
