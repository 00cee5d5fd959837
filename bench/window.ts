import { chromium, type Page } from '@playwright/test'
import { newNamespace, podNumber } from './api.ts'
import { createLoad, type Load } from './load.ts'
import { heapAfterCollection, watchMainThread, type MainThread } from './main-thread.ts'

type Row = [what: string, value: number | string, unit: string]

/** What a list of many pods costs the window, by the browser's own clock: frames are what a user sees of it. */
export async function measureWindow(options: {
  ui: string
  server: string
  token: string
  pods: number
  /** Changes a second while it is scrolled. */
  events: number
}): Promise<Row[]> {
  const { ui, server, token, pods, events } = options
  const load = createLoad({ server, token, parallel: 32 })
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const { pods: path } = await newNamespace(load)
    await load.run(pods, (index) => load.send('POST', path, podNumber(index)))
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(ui)
    await page.getByRole('button', { name: 'Open bench' }).waitFor()
    const { result: opened, thread: opening } = await watchMainThread(page, () => openList(page, pods))
    const changes = startChanges(load, { path, pods, perSecond: events })
    const { result: scrolled, thread: scrolling } = await watchMainThread(page, () => scroll(page, 10_000))
    const made = changes.stop()
    const heap = await heapAfterCollection(await page.context().newCDPSession(page))
    return [
      [`${pods} pods, first rows drawn`, Math.round(opened.firstRows), 'ms'],
      [`${pods} pods, all listed`, Math.round(opened.complete), 'ms'],
      ...framesOf('while they are listed', opened.frames),
      ...threadOf('while they are listed', opening),
      ['changes a second while scrolling', Math.round(made / 10), '/s'],
      ...framesOf('while scrolling', scrolled),
      ...threadOf('while scrolling', scrolling),
      ['heap of the page, after a collection', Math.round(heap / 1_048_576), 'MB'],
    ]
  } finally {
    await browser.close()
    load.stop()
  }
}

/** Goes to the pods, and waits until their number is told. Times are from the change of the address, ms. */
const openList = (page: Page, pods: number): Promise<{ firstRows: number; complete: number; frames: number[] }> =>
  page.evaluate(async (wanted) => {
    const frames: number[] = []
    const begun = performance.now()
    location.hash = '#/c/local:bench/pods'
    let firstRows = 0
    for (let last = begun; ;) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
      frames.push(now - last)
      last = now
      if (firstRows === 0 && document.querySelector('[data-row]')) firstRows = performance.now() - begun
      const told = document.querySelector('main h1 + span')?.textContent ?? ''
      if (Number(told.replaceAll(/\D/g, '')) >= wanted)
        return { firstRows, complete: performance.now() - begun, frames }
      if (now - begun > 120_000) throw new Error(`after two minutes the list tells ${told}`)
    }
  }, pods)

/** Scrolls up and down, a screen every third frame. @returns times between frames, ms */
const scroll = (page: Page, ms: number): Promise<number[]> =>
  page.evaluate(async (duration) => {
    const viewport = document.querySelector('main [role=table]')
    if (!viewport) throw new Error('there is no table')
    const frames: number[] = []
    let step = 240
    const begun = performance.now()
    for (let last = begun; last - begun < duration;) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
      frames.push(now - last)
      last = now
      const before = viewport.scrollTop
      viewport.scrollTop += step
      if (viewport.scrollTop === before) step = -step
    }
    return frames
  }, ms)

/** Changes the states of pods at an even rate. `stop` tells how many were changed. */
function startChanges(
  load: Load,
  { path, pods, perSecond }: { path: string; pods: number; perSecond: number },
): { stop(): number } {
  let asked = 0
  let made = 0
  const begun = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begun) / 1_000) * perSecond)
    // A server that is behind is not asked for more than it can take.
    for (; asked < due && asked - made < 200; asked++) {
      const status = { phase: asked % 2 === 0 ? 'Running' : 'Pending', reason: `Round${Math.floor(asked / pods)}` }
      const at = `${path}/p-${(asked * 7_919) % pods}/status`
      load.send('PATCH', at, { status }, 'application/merge-patch+json').then(
        () => made++,
        () => made++,
      )
    }
  }, 20)
  return {
    stop() {
      clearInterval(timer)
      return made
    },
  }
}

function framesOf(when: string, frames: readonly number[]): Row[] {
  const sorted = [...frames].sort((a, b) => a - b)
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return [
    [`${when}: frames`, frames.length, ''],
    [`${when}: median / 99th percentile / longest frame`, `${at(0.5)} / ${at(0.99)} / ${at(1)}`, 'ms'],
    [`${when}: frames longer than 50 ms`, frames.filter((frame) => frame > 50).length, ''],
  ]
}

const threadOf = (when: string, { cpu, long, longest }: MainThread): Row[] => [
  [`${when}: CPU of the page's main thread`, Math.round(cpu), 'ms'],
  [`${when}: longest task / tasks longer than 50 ms, of CPU`, `${Math.round(longest)} / ${long}`, 'ms'],
]
