import { Agent, request } from 'undici'
import { kinds } from '#main/cluster/apiserver/kinds/index.ts'
import { badRequests, kept, plain, type Malformed } from '../test/support/malformed.ts'
import type { LoopDelay } from './busy.ts'

type Row = [what: string, value: number | string, unit: string]

/**
 * How long each malformed request of `test/support/malformed.ts` keeps the server from everybody else: the longest that its
 * event loop came late, of every group as a whole and of the heavy ones request by request (median of three).
 */
export async function measureBadInput(options: {
  server: string
  token: string
  loopDelay: LoopDelay
  memory: () => number
}): Promise<Row[]> {
  const { loopDelay, memory } = options
  const agent = new Agent({ connect: { rejectUnauthorized: false }, connections: 4 })
  const send = async ({ method, path, type, body, headers }: Malformed): Promise<void> => {
    const response = await request(options.server + path, {
      method,
      dispatcher: agent,
      headers: { authorization: `Bearer ${options.token}`, 'content-type': type, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    await response.body.dump()
  }
  /** A body that is refused before it has been read may break the connection under its sender. */
  const sendAny = (malformed: Malformed): Promise<void> => send(malformed).catch(() => undefined)
  const timed = async (malformed: Malformed): Promise<number> => {
    const rounds: number[] = []
    for (let round = 0; round < 3; round++) {
      await loopDelay()
      await sendAny(malformed)
      await new Promise((resolve) => setTimeout(resolve, 20))
      rounds.push((await loopDelay()).max)
    }
    return rounds.sort((a, b) => a - b)[1] ?? NaN
  }

  const groups = badRequests(kinds, 20261123)
  await send({ ...plain(), method: 'POST', body: JSON.stringify(kept) })
  const before = memory()
  const rows: Row[] = []
  for (const [what, all] of Object.entries(groups)) {
    const requests = all.filter(({ chunked }) => !chunked)
    await loopDelay()
    for (const malformed of requests) await sendAny(malformed)
    const { p99, max } = await loopDelay()
    rows.push([`${requests.length} ${what}: event loop late, p99`, p99, 'ms'], ['  longest', max, 'ms'])
    if (!heavy.test(what)) continue
    const delays = await inTurn(requests, async (malformed) => ({ what: malformed.what, ms: await timed(malformed) }))
    delays.sort((a, b) => b.ms - a.ms)
    rows.push([
      `  requests that alone take it more than 50 ms, of ${delays.length}`,
      delays.filter(({ ms }) => ms > 50).length,
      '',
    ])
    for (const { what: which, ms } of delays.slice(0, 3)) rows.push([`    ${which}`.slice(0, 70), ms, 'ms'])
  }
  // The thread that reads YAML ends when it has had nothing to do for ten seconds.
  await new Promise((resolve) => setTimeout(resolve, 20_000))
  rows.push(['memory grown by', memory() - before, 'MB'])
  await agent.close()
  return rows
}

const heavy = /too|protobuf that/

async function inTurn<A, B>(items: readonly A[], task: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = []
  for (const item of items) results.push(await task(item))
  return results
}
