import { chromium, type CDPSession, type Page } from '@playwright/test'
import type { Kubectl } from '../test/support/kubectl.ts'
import { createFaceObjects } from '../test/support/face-states.ts'
import { heapAfterCollection, watchMainThread } from './main-thread.ts'

type Row = [what: string, value: number | string, unit: string]

/**
 * First paint, and the heap of a page that is used for long: a round visits every sort of page and opens and closes
 * every panel. What is left after a collection grows with each round where something is not let go.
 */
export async function measureNavigation(options: {
  ui: string
  context: string
  kubectl: Kubectl
  minutes: number
}): Promise<Row[]> {
  const { ui, context, kubectl, minutes } = options
  await createFaceObjects(kubectl)
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
    page.setDefaultTimeout(60_000)
    const { result: first, thread } = await watchMainThread(page, () => firstPaint(page, ui))
    const session = await page.context().newCDPSession(page)
    // The first rounds load the scripts of every page.
    for (let warm = 0; warm < 3; warm++) await round(page, context)
    const before = await state(page, session)
    const end = Date.now() + minutes * 60_000
    const heaps: number[] = [before.heap]
    let rounds = 0
    while (Date.now() < end) {
      await round(page, context)
      rounds++
      if (rounds % 5 === 0) heaps.push((await state(page, session)).heap)
    }
    const after = await state(page, session)
    heaps.push(after.heap)
    return [
      ['first contentful paint, scripts not cached', Math.round(first.paint), 'ms'],
      ['home is drawn with its clusters', Math.round(first.drawn), 'ms'],
      ["CPU of the page's main thread until then", Math.round(thread.cpu), 'ms'],
      [`rounds of ${visits} visits in ${minutes} minutes`, rounds, ''],
      [
        'heap at first and at the end, after a collection',
        `${megabytes(before.heap)} → ${megabytes(after.heap)}`,
        'MB',
      ],
      ['the heap grows by', `${Math.round(slopeOf(heaps.slice(1)) / 5 / 1_024)}`, 'KB a round'],
      ['nodes of documents', `${before.nodes} → ${after.nodes}`, ''],
      ['listeners', `${before.listeners} → ${after.listeners}`, ''],
    ]
  } finally {
    await browser.close()
  }
}

async function firstPaint(page: Page, ui: string): Promise<{ paint: number; drawn: number }> {
  await page.goto(ui)
  await page.getByRole('heading', { name: 'Clusters' }).waitFor()
  return page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    drawn: performance.now(),
  }))
}

const visits = 17
/** One of each: lists, pages, dialog, palette, and the panels of the dock, which are closed again. */
async function round(page: Page, context: string): Promise<void> {
  const go = async (path: string): Promise<void> => {
    await page.evaluate((to) => (location.hash = to), `#${path}`)
    await page.locator('h1').first().waitFor()
  }
  const at = (path: string): string => `/c/${context}/${path}`
  for (const plural of ['pods', 'deployments', 'configmaps', 'events']) {
    await go(at(plural))
    await page.locator('[data-row]').first().waitFor()
  }
  for (const path of ['nodes/-/', 'services/shop/web', 'roles/shop/developer', 'cronjobs/shop/report'])
    await go(at(path.replace('nodes/-/', `nodes/-/${context.replace('local:', '')}-worker-1`)))
  await go('/settings')
  await go(at('access'))
  await go('/')
  await go(at('deployments/shop/web'))
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Command palette' }).waitFor()
  await page.keyboard.press('Escape')
  await go(at('configmaps/shop/settings'))
  await page.getByRole('button', { name: /^Edit/ }).first().click()
  await page.locator('.cm-content').first().waitFor()
  await closeDock(page)
  await go(at('pods/shop/tool'))
  await page.getByRole('button', { name: /^Logs/ }).first().click()
  await page.getByRole('tablist', { name: 'Dock tabs' }).waitFor()
  await closeDock(page)
  await page
    .getByRole('button', { name: /^Terminal|^Shell/ })
    .first()
    .click()
  await page.locator('.xterm').first().waitFor()
  await closeDock(page)
  await page
    .getByRole('button', { name: /^Delete/ })
    .first()
    .click()
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
}

async function closeDock(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /^Close / })
    .first()
    .click()
  await page.getByRole('tablist', { name: 'Dock tabs' }).waitFor({ state: 'hidden' })
}

/** Informers live for 10 s after their last user: they are waited for. */
async function state(page: Page, session: CDPSession): Promise<{ heap: number; nodes: number; listeners: number }> {
  await page.evaluate(() => (location.hash = '#/settings'))
  await page.waitForTimeout(12_000)
  const heap = await heapAfterCollection(session)
  const { nodes, jsEventListeners: listeners } = await session.send('Memory.getDOMCounters')
  return { heap, nodes, listeners }
}

const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1)

/** How much the values grow from one to the next, by the line that fits them best. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const up = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0)
  return up / values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0)
}
