import type { CDPSession, Page } from '@playwright/test'

/** What the page's main thread did. CPU time, which a machine that others use does not blur. */
export interface MainThread {
  /** ms of CPU. */
  cpu: number
  /** Tasks that took the thread for more than 50 ms of CPU: each is a frame that comes late on a quiet machine too. */
  long: number
  /** ms of CPU. */
  longest: number
  /** What the threads that paint beside it took, ms of CPU: without a graphics card the processor does all of it. */
  paint: number
}

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  ts: number
  /** µs by the wall, and of CPU. */
  dur?: number
  tdur?: number
  args?: { name?: string }
}

const lateFrame = 50

/** Traces the page's main thread while `act` runs. */
export async function watchMainThread<T>(
  page: Page,
  act: () => Promise<T>,
): Promise<{ result: T; thread: MainThread }> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['disabled-by-default-devtools.timeline', '__metadata'],
      excludedCategories: ['*'],
    },
  })
  const result = await act()
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()))
  await session.send('Tracing.end')
  await complete
  await session.detach()
  return { result, thread: threadOf(events) }
}

/** Of all renderers' main threads the busiest: the page has one renderer, and Chromium keeps an idle one in reserve. */
function threadOf(events: readonly TraceEvent[]): MainThread {
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
  const threads = mains.map((main) => {
    const tasks = events.filter(({ name, pid, tid }) => name === 'RunTask' && pid === main.pid && tid === main.tid)
    const times = tasks.map(({ tdur = 0 }) => tdur / 1_000)
    return {
      cpu: times.reduce((sum, time) => sum + time, 0),
      long: times.filter((time) => time > lateFrame).length,
      longest: Math.max(0, ...times),
      paint: cpuOf(events.filter(({ name, pid }) => name === 'RasterTask' && pid === main.pid)),
    }
  })
  const [busiest] = threads.sort((a, b) => b.cpu - a.cpu)
  if (!busiest) throw new Error('the trace holds no main thread of a page')
  return busiest
}

const cpuOf = (events: readonly TraceEvent[]): number => events.reduce((sum, { tdur = 0 }) => sum + tdur / 1_000, 0)

/** Frees what nothing holds any more, and tells what is left on the heap of JavaScript, bytes. */
export async function heapAfterCollection(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize
}
