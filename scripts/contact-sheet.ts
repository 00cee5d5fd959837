import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Page } from '@playwright/test'
import { showTheme } from '../test/support/axe.ts'
import {
  createFaceObjects,
  createFaceRelease,
  createTroubleObjects,
  sheetStates,
  troubleStates,
  type FaceState,
} from '../test/support/face-states.ts'
import { helmEnvironment } from '../test/support/helm.ts'
import { createKubectl, type Kubectl } from '../test/support/kubectl.ts'
import { relayEngine } from '../test/support/engine-relay.ts'
import { createRunningObjects, removeRunningImages, runningStates } from '../test/support/running-states.ts'
import { newDataFolder, runSlipway, serveSlipway, slipwayUp } from '../test/support/slipway.ts'

/**
 * Shoots every page and state of the face in both themes at three widths, some in German, on a simulated cluster beside
 * contexts of a kubeconfig, and with a Docker Engine on clusters that run, stand still, are made and cannot be made, into
 * artifacts/contact-sheet with an index. `--only TEXT,TEXT` shoots the states whose names hold one of the texts, `--theme`
 * and `--width` those alone.
 */
const { values } = parseArgs({
  options: { only: { type: 'string' }, theme: { type: 'string' }, width: { type: 'string' } },
})
const folder = join(import.meta.dirname, '../artifacts/contact-sheet')
const widths = [900, 1440, 1920].filter((width) => !values.width || values.width.split(',').includes(String(width)))
const looks = (['light', 'dark', 'german'] as const).filter((look) => values.theme?.split(',').includes(look) ?? true)
type Look = (typeof looks)[number]
/** English in both themes, which one visit shows, then German. */
const walks: Look[][] = [looks.filter((look) => look !== 'german'), looks.filter((look) => look === 'german')].filter(
  ({ length }) => length > 0,
)
const cluster = `shop-${process.pid}`
const isChosen = ({ name }: { name: string }): boolean =>
  !values.only || values.only.split(',').some((text) => name.includes(text))

const first = (name: string, path: string): FaceState => ({
  ...{ name, path, german: true, ready: (page) => page.getByRole('heading', { level: 1 }) },
})
const firstRun: (FaceState & { hasNoEngine?: boolean })[] = [
  first('first-run', '/'),
  { ...first('first-run-none', '/'), hasNoEngine: true },
  {
    ...first('signed-out', '/'),
    opensInGerman: true,
    open: (page: Page) => page.getByRole('button', { name: /Sign out|Abmelden/ }).click(),
  },
].filter(isChosen)
const limited: FaceState = {
  name: 'list-forbidden',
  path: '/c/kubeconfig:bob/pods',
  ready: (page) => page.getByText('You may not list Pods'),
}
const ofBob = (name: string, path: string): FaceState => ({
  ...{ name, path: `/c/kubeconfig:bob/${path}`, ready: (page: Page) => page.getByRole('heading', { level: 1 }) },
})
const withFewRights = [
  limited,
  ofBob('metrics-unavailable', 'pods/shop/tool?tab=metrics'),
  ofBob('overview-limited', 'overview/shop'),
  ofBob('topology-limited', 'topology/shop'),
]
const statesAt = (moment?: number): FaceState[] =>
  [...sheetStates(`local:${cluster}`, moment), ...troubleStates(`local:${cluster}`), ...withFewRights].filter(isChosen)
/** Where containers have to run. */
const real = `${cluster}-real`
const running = runningStates(`local:${real}`).filter(isChosen)
const states = statesAt()
/** Clusters in every state, whose names are unique on this machine. */
const several = { runs: `dev-${process.pid}`, stands: 'spike', fails: `ci-${process.pid}`, made: `edge-${process.pid}` }
const severalStates = [
  {
    ...first('home-clusters', '/'),
    ready: (page: Page) => page.getByRole('region', { name: `Cluster ${several.made}` }),
  },
  {
    ...first('care-docker', `/care/${several.runs}`),
    ready: (page: Page) => page.getByText('API server', { exact: true }),
  },
  first('care-stopped', `/care/${several.stands}`),
].filter(isChosen)

await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
// First: one that is ended early can be looked at, too.
await writeFile(join(folder, 'index.html'), indexPage())
const data = await newDataFolder()
const kubeconfig = join(data, 'others.kubeconfig')
const helm = await helmEnvironment(join(data, 'helm'))
const slipway = await slipwayUp({
  ...{ name: cluster, data, args: ['--simulated', '3'] },
  env: { KUBECONFIG: kubeconfig, ...helm },
})
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const failures: string[] = []
try {
  const kubectl = createKubectl(slipway.kubeconfig)
  const moment = await createFaceObjects(kubectl)
  await createFaceRelease(slipway.kubeconfig, helm)
  await createTroubleObjects(kubectl)
  await addContexts(kubectl)
  const signal = (name: NodeJS.Signals): void => void slipway.process.kill(name)
  await shootAll(statesAt(moment), slipway.ready.ui, { signal, kubectl })
  if (running.length > 0) await shootRunning()
  for (const state of firstRun)
    for (const walk of walks) {
      const relay = state.hasNoEngine ? await relayEngine() : undefined
      const empty = await serveSlipway(relay ? { engine: relay.address } : {})
      await shootAll([state], empty.url, { signal: empty.signal, in_: [walk] }).finally(() => empty.end())
      await relay?.close()
    }
  if (severalStates.length > 0) await shootSeveral()
} finally {
  await browser.close()
  await slipway.end()
}
console.log(`${[...states, ...running, ...severalStates, ...firstRun].length} states in ${folder}/index.html`)
if (failures.length > 0) {
  console.error(`Not reached: ${failures.join(', ')}`)
  process.exitCode = 1
}

/** Clusters that run, stand still, are being made and cannot be made: an engine that holds and refuses containers has them so. */
async function shootSeveral(): Promise<void> {
  const relay = await relayEngine((name) =>
    name.includes(several.fails)
      ? { refused: 'write /var/lib/docker/tmp/layer.tar: no space left on device' }
      : name.includes(several.made)
        ? 'held'
        : 'created',
  )
  const served = await serveSlipway({ engine: relay.address })
  try {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(served.url)
    for (const [name, workers, shown, simulated] of [
      [several.runs, 2, '2 of 2 workers Ready', false],
      [several.stands, 1, '1 of 1 worker Ready', true],
      [several.fails, 1, 'no space left', false],
      [several.made, 3, 'Start workers', false],
    ] as const) {
      await page
        .getByRole('button', { name: name === several.runs ? 'Create cluster of another size' : 'Create cluster' })
        .click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
      await dialog.getByRole('textbox', { name: 'Workers' }).fill(String(workers))
      if (simulated) await dialog.getByLabel(/Simulated workers/).check()
      await dialog.getByRole('button', { name: 'Create cluster' }).click()
      const card = page.getByRole('region', { name: `Cluster ${name}` })
      await card.filter({ hasText: shown }).waitFor({ timeout: 120_000 })
      if (name !== several.stands) continue
      await card.getByRole('button', { name: 'Stop' }).click()
      await page.getByRole('dialog').getByRole('button', { name: /^Stop/ }).click()
      await card.filter({ hasText: 'Stopped' }).waitFor()
    }
    const address = await runSlipway(['ui', '--data', served.data], served.data)
    await context.close()
    await shootAll(severalStates, address.stdout.trim(), { signal: served.signal })
  } finally {
    await relay.close()
    for (const name of Object.values(several)) await runSlipway(['delete', name, '--data', served.data], served.data)
    await served.end()
  }
}

async function shootRunning(): Promise<void> {
  const own = await slipwayUp({ name: real, args: ['--workers', '1'] })
  try {
    const kubectl = createKubectl(own.kubeconfig)
    await createRunningObjects(kubectl, real)
    await shootAll(running, own.ready.ui, { signal: (name) => void own.process.kill(name), kubectl })
  } finally {
    await own.end()
    await removeRunningImages(real)
  }
}

/** A kubeconfig of somebody who may do little, and of a cluster that does not answer. */
async function addContexts(admin: Kubectl): Promise<void> {
  await admin.ok('create', 'serviceaccount', 'bob')
  await admin.ok('create', 'rolebinding', 'bob', '--role=developer', '--serviceaccount=default:bob', '-n', 'shop')
  const token = (await admin.ok('create', 'token', 'bob')).trim()
  const name = await admin.ok('config', 'view', '-o', 'jsonpath={.clusters[0].name}')
  await copyFile(slipway.kubeconfig, kubeconfig)
  const others = createKubectl(kubeconfig)
  await others.ok('config', 'set-credentials', 'bob', `--token=${token}`)
  await others.ok('config', 'set-context', 'bob', `--cluster=${name}`, '--user=bob')
  await others.ok('config', 'set-cluster', 'pi-rack', '--server=https://127.0.0.1:1')
  await others.ok('config', 'set-context', 'pi-rack', '--cluster=pi-rack', '--user=bob')
}

interface Shooting {
  signal: (name: NodeJS.Signals) => void
  /** Of the cluster, where there is one. */
  kubectl?: Kubectl
  in_?: Look[][]
}

async function shootAll(
  chosen: FaceState[],
  address: string,
  { signal, kubectl = createKubectl(slipway.kubeconfig), in_ = walks }: Shooting,
): Promise<void> {
  const context = await browser.newContext({ reducedMotion: 'reduce', colorScheme: 'light' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  await page.goto(address)
  await page.getByRole('heading', { level: 1 }).waitFor()
  const home = new URL('/', address).href
  for (const walk of in_) {
    const isGerman = walk.includes('german')
    await speak(page, home, isGerman ? 'de' : 'en')
    for (const state of chosen.filter(({ german }) => !isGerman || german))
      await shoot(page, { home, state, walk, signal, kubectl }).catch((error: unknown) =>
        failures.push(`${state.name}-${walk.join('+')} (${String(error).split('\n')[0]})`),
      )
  }
  await context.close()
}

/** The language is kept in the app: the page takes it from there. */
async function speak(page: Page, home: string, language: string): Promise<void> {
  await page.goto('about:blank')
  await page.goto(`${home}#/settings`)
  await page.getByRole('combobox', { name: /Language|Sprache/ }).selectOption(language)
  await page.waitForTimeout(500)
}

async function shoot(
  page: Page,
  {
    home,
    state: { name, path, ready, open, frozen, opensInGerman },
    walk,
    signal,
    kubectl,
  }: Required<Pick<Shooting, 'signal' | 'kubectl'>> & { home: string; state: FaceState; walk: Look[] },
): Promise<void> {
  const isGerman = walk.includes('german')
  await page.setViewportSize({ width: 1440, height: 900 })
  // Another document: what an earlier state has opened is gone.
  await page.goto('about:blank')
  await page.goto(`${home}#${path}`)
  try {
    // Names are English: in German it is waited for what has been loaded.
    if (isGerman) await page.waitForTimeout(3_000)
    else await ready(page).first().waitFor()
    if (frozen) signal('SIGSTOP')
    if (!isGerman || opensInGerman) await open?.(page, kubectl)
    // What is read around an object comes a moment after it.
    await page.waitForTimeout(700)
  } finally {
    for (const look of walk) {
      await showTheme(page, look === 'dark' ? 'dark' : 'light')
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 })
        // What has the focus is what the state is about, wherever the width has put it.
        await page.evaluate(() => document.activeElement?.scrollIntoView({ block: 'nearest' }))
        await page.screenshot({ path: join(folder, `${name}-${look}-${width}.png`) })
      }
    }
    if (frozen) signal('SIGCONT')
    await showTheme(page, 'light')
  }
}

function indexPage(): string {
  const figures = [...states, ...running, ...severalStates, ...firstRun].flatMap(({ name, german }) => [
    `<h2>${name}</h2>`,
    ...looks
      .filter((look) => look !== 'german' || german)
      .flatMap((look) =>
        widths.map((width) => {
          const file = `${name}-${look}-${width}.png`
          return `<figure><a href="${file}"><img loading="lazy" src="${file}" alt="${name}, ${look}, ${width} px"></a><figcaption>${look}, ${width} px</figcaption></figure>`
        }),
      ),
  ])
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>
<style>body{font:13px sans-serif;display:grid;grid-template-columns:repeat(3,1fr);gap:12px;margin:20px}h2{grid-column:1/-1;margin:12px 0 0}figure{margin:0}img{width:100%;border:1px solid #ccc}</style>
${figures.join('\n')}</html>
`
}
