import { z } from 'zod'
import type { UpdateState } from '#shared/contract/app.ts'

export interface UpdatesOptions {
  /** Where the newest release is told, in the form of GitHub's API; nobody is ever asked when unset. */
  feed: string | undefined
  /** Of this app: `0.1.0`. */
  version: string
  /** Whether the user wants it: off unless switched on. */
  isWanted(): Promise<boolean>
  fetch: (url: string, options: RequestInit) => Promise<Response>
  /** ms since the epoch */
  now(): number
}

const release = z.object({ tag_name: z.string().max(100), html_url: z.url({ protocol: /^https$/ }).max(2_000) })
/** An answer is good for a day, ms. */
const keep = 24 * 3_600_000
/** How long an answer may take, ms. */
const patience = 10_000

/** Looks for a newer version, where the user wants it; it tells of one, and installs nothing. */
export function createUpdates({ feed, version, isWanted, fetch, now }: UpdatesOptions): () => Promise<UpdateState> {
  let last: { at: number; state: UpdateState } | undefined
  async function look(url: string): Promise<UpdateState> {
    try {
      const answer = await fetch(url, {
        headers: { accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      })
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
      const { success, data } = release.safeParse(await answer.json())
      if (!success) throw new Error('its answer names no version')
      const newest = data.tag_name.replace(/^v/, '')
      return { offered: true, ...(isNewer(newest, version) ? { newer: { version: newest, page: data.html_url } } : {}) }
    } catch (error) {
      return { offered: true, problem: error instanceof Error ? error.message : String(error) }
    }
  }
  return async () => {
    if (!feed?.startsWith('https://')) return { offered: false }
    if (!(await isWanted())) return { offered: true }
    if (!last || now() - last.at > keep || last.state.problem !== undefined)
      last = { at: now(), state: await look(feed) }
    return last.state
  }
}

/** Versions of three numbers; what follows them, as `-beta`, is not newer than nothing. */
export function isNewer(candidate: string, than: string): boolean {
  const [a, b] = [numbersOf(candidate), numbersOf(than)]
  const at = a.findIndex((number, index) => number !== b[index])
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0)
}
function numbersOf(version: string): number[] {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? []
  return numbers.map(Number)
}
