import type { Page } from '@playwright/test'

/**
 * Which of the words are in a string on the page's heap after a collection. Strings are whole in a snapshot only where
 * the browser runs with `--js-flags=--heap-snapshot-string-limit=…`, else their first 1,024 characters are.
 */
export async function wordsOnHeap(page: Page, words: readonly string[]): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const found = new Set<string>()
  const longest = Math.max(...words.map(({ length }) => length))
  let rest = ''
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    const text = rest + chunk
    for (const word of words) if (text.includes(word)) found.add(word)
    rest = text.slice(-longest)
  })
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  return [...found]
}

/** Flags of a browser whose heap snapshots hold whole strings. */
export const wholeStrings = '--js-flags=--heap-snapshot-string-limit=100000000'
