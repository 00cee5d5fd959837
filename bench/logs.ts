import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { build } from 'esbuild'

/**
 * The window's log engine in Chromium, by its performance API: 50 MB are searched, and 20 pods write 10,000 lines/s.
 * `node bench/logs.ts`
 */
const entry = `
  import { LogBuffer } from '#renderer/panels/logs/log-buffer.ts'
  import { LogRows } from '#renderer/panels/logs/log-rows.ts'
  import { parseLogQuery } from '#renderer/panels/logs/log-query.ts'
  globalThis.engine = { LogBuffer, LogRows, parseLogQuery }
`
const { outputFiles } = await build({
  stdin: { contents: entry, resolveDir: join(import.meta.dirname, '..'), loader: 'ts' },
  bundle: true,
  write: false,
  format: 'iife',
})

interface Figures {
  megabytes: number
  lines: number
  search: Record<string, number>
  told: number
  kept: number
  dropped: number
  longestFrame: number
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage()
await page.addScriptTag({ content: outputFiles[0]?.text ?? '' })
const figures = await page.evaluate(measure)
await browser.close()
console.log(JSON.stringify(figures, undefined, 2))

/** Runs in the page. */
async function measure(): Promise<Figures> {
  const { LogBuffer, LogRows, parseLogQuery } = (globalThis as unknown as { engine: Engine }).engine
  const time = (at: number): string => new Date(1_764_400_000_000 + at).toISOString()
  const none = { only: false, hidden: new Set<number>(), levels: new Set<never>() }

  const large = new LogBuffer({ lines: 1_000_000, characters: 1e9 })
  let characters = 0
  for (let at = 0; characters < 50e6; at++) {
    const text = `level=info path=/cart/${at} user=u${at % 1_000} duration=${at % 97}ms ${at % 5_000 === 0 ? 'postgres refused' : 'answered'} request id ${at * 7919}`
    characters += text.length
    large.push(0, `${time(at)} ${text}\n`)
  }
  const search: Record<string, number> = {}
  for (const text of ['postgres', 'postgres refused', '/refused.*id \\d+5/', '-answered'])
    search[text] = Math.min(
      ...Array.from({ length: 3 }, () => {
        const rows = new LogRows()
        const from = performance.now()
        rows.update(large.lines, { query: parseLogQuery(text), ...none })
        return Math.round(performance.now() - from)
      }),
    )

  const buffer = new LogBuffer({ lines: 50_000 })
  const rows = new LogRows()
  const filter = { query: parseLogQuery('postgres -healthz'), ...none }
  let told = 0
  let longestFrame = 0
  const begin = performance.now()
  await new Promise<void>((resolve) => {
    const frame = (): void => {
      const from = performance.now()
      const due = Math.min(100_000, Math.floor((from - begin) * 10))
      for (let pod = 0; pod < 20; pod++) {
        let text = ''
        for (let at = told + pod; at < due; at += 20) text += `${time(at)} level=info GET /cart/${at} 200 in 12 ms\n`
        buffer.push(pod, text)
      }
      told = due
      rows.update(buffer.lines, filter)
      longestFrame = Math.max(longestFrame, performance.now() - from)
      if (told < 100_000) requestAnimationFrame(frame)
      else resolve()
    }
    requestAnimationFrame(frame)
  })
  return {
    megabytes: Math.round(characters / 1e6),
    lines: large.lines.length,
    search,
    told,
    kept: buffer.lines.length,
    dropped: buffer.dropped,
    longestFrame: Math.round(longestFrame),
  }
}

interface Engine {
  LogBuffer: typeof import('#renderer/panels/logs/log-buffer.ts').LogBuffer
  LogRows: typeof import('#renderer/panels/logs/log-rows.ts').LogRows
  parseLogQuery: typeof import('#renderer/panels/logs/log-query.ts').parseLogQuery
}
