import { chromium, type Page } from '@playwright/test'
import type { Kubectl } from '../test/support/kubectl.ts'
import { watchMainThread } from './main-thread.ts'

type Row = [what: string, value: number | string, unit: string]

/**
 * What moving the map of a namespace costs the window: 50 workloads of 10 pods, folded as they are at first, then each pod by
 * itself; then its charts and what runs where. Times between frames tell what a user of this machine sees; the CPU of a frame has 16.7 ms on any.
 */
export async function measureMap({
  ui,
  context,
  kubectl,
}: {
  ui: string
  context: string
  kubectl: Kubectl
}): Promise<Row[]> {
  await kubectl.ok('create', 'namespace', 'crowd')
  const items = Array.from({ length: 50 }, (_, at) => workload(`crowd-${at}`))
  await kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-')
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    page.setDefaultTimeout(120_000)
    await page.goto(ui)
    await page.goto(`${new URL(ui).origin}/#/c/${context}/topology/crowd`)
    await page.getByRole('main').getByText('50 workloads, 500 pods').waitFor()
    await page.locator('[data-node^="Pods/"]').filter({ hasText: '10 Running' }).nth(49).waitFor()
    const folded = await measureMoves(page, '500 pods in 50 nodes')
    await page.evaluate(() => {
      for (const node of document.querySelectorAll<HTMLElement>('[data-node^="Pods/"]')) node.click()
    })
    await page.locator('[data-node^="Pod/"]').nth(499).waitFor()
    return [
      ...folded,
      ...(await measureMoves(page, '500 pods, each a node')),
      ...(await measureChanges(page, kubectl)),
      ...(await measureCharts(page, context)),
    ]
  } finally {
    await browser.close()
  }
}

const workload = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'crowd' },
  spec: {
    replicas: 10,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: `${name}:1` }] } },
  },
})

/** Each pod changes twice; the first time nothing that the map shows. */
async function measureChanges(page: Page, kubectl: Kubectl): Promise<Row[]> {
  const change = async (what: string, ...args: string[]): Promise<Row> => {
    const { thread } = await watchMainThread(page, async () => {
      await kubectl.ok(...args, '--namespace', 'crowd')
      await page.waitForTimeout(2_000)
    })
    return [`500 pods, each a node: ${what}: CPU of the page`, Math.round(thread.cpu + thread.paint), 'ms']
  }
  return [
    await change('all get a label', 'label', 'pods', '--all', 'seen=yes'),
    await change('ten are replaced', 'delete', 'pods', '--selector', 'app=crowd-0', '--wait=false'),
  ]
}

/** Near, where texts are read, and with all of it in the window. */
async function measureMoves(page: Page, what: string): Promise<Row[]> {
  await page.waitForTimeout(3_000)
  const near = await measureMove(page, `${what}, moved`, 'pan')
  await page.getByRole('button', { name: 'Fit the map into the window' }).click()
  await page.waitForTimeout(2_000)
  const far = await measureMove(page, `${what}, all in the window, moved`, 'pan')
  const zoomed = await measureMove(page, `${what}, zoomed`, 'zoom')
  await page.getByRole('button', { name: 'Fit the map into the window' }).click()
  return [...near, ...far, ...zoomed]
}

/** Moves the cross-hair over the charts of a workload, and then over what runs where. */
async function measureCharts(page: Page, context: string): Promise<Row[]> {
  await page.goto(`${new URL(page.url()).origin}/#/c/${context}/deployments/crowd/crowd-1?tab=metrics`)
  await page.locator('.u-over').first().waitFor()
  await page.waitForTimeout(12_000)
  const charts = await measureMove(page, 'charts of a workload, hovered', 'hover')
  await page.goto(`${new URL(page.url()).origin}/#/c/${context}/overview`)
  await page.waitForTimeout(5_000)
  return [...charts, ...(await measureMove(page, 'overview with what runs where, 500 pods, scrolled', 'scroll'))]
}

type Move = 'pan' | 'zoom' | 'hover' | 'scroll'

/** Turns the wheel or moves the pointer at each frame, as a hand does, for three seconds. */
async function measureMove(page: Page, what: string, move: Move): Promise<Row[]> {
  const { result: frames, thread } = await watchMainThread(page, () =>
    page.evaluate(
      async ([how, duration]) => {
        const pane = document.querySelector('.vue-flow__pane, .vue-flow__viewport, .u-over')
        const scroller = document.querySelector('main')
        const { left = 0, top = 0, width = 0 } = pane?.getBoundingClientRect() ?? {}
        const act = (at: number): void => {
          const forth = at % 120 < 60
          const bubbling = { bubbles: true, cancelable: true }
          if (how === 'scroll') scroller?.scrollBy(0, forth ? 12 : -12)
          else if (how === 'hover') {
            const share = (forth ? at % 60 : 60 - (at % 60)) / 60
            const place = { clientX: left + share * width, clientY: top + 40 }
            pane?.dispatchEvent(new MouseEvent('mousemove', { ...place, ...bubbling }))
          } else {
            const deltaY = (forth ? 1 : -1) * (how === 'zoom' ? 4 : 24)
            const more = { deltaY, ctrlKey: how === 'zoom', clientX: 800, clientY: 500 }
            pane?.dispatchEvent(new WheelEvent('wheel', { ...more, ...bubbling }))
          }
        }
        if (how === 'hover') pane?.dispatchEvent(new MouseEvent('mouseenter', { clientX: left + 1, clientY: top + 1 }))
        const times: number[] = []
        const begun = performance.now()
        for (let last = begun, at = 0; last - begun < duration; at++) {
          const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
          times.push(now - last)
          last = now
          act(at)
        }
        return times
      },
      [move, 3_000] as const,
    ),
  )
  const sorted = [...frames].sort((a, b) => a - b)
  const each = (ms: number): number => Math.round((ms / frames.length) * 10) / 10
  return [
    [`${what}: frames a second`, Math.round(frames.length / 3), '/s'],
    [`${what}: longest frame`, Math.round(sorted.at(-1) ?? 0), 'ms'],
    [`${what}: CPU of a frame, script and layout / painting`, `${each(thread.cpu)} / ${each(thread.paint)}`, 'ms'],
  ]
}
