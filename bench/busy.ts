import { readFile, rm } from 'node:fs/promises'
import { createLoad, untilTrue, type Load } from './load.ts'
import { newNamespace, podNumber } from './api.ts'

type Row = [what: string, value: number | string, unit: string]
interface Delay {
  p50: number
  p99: number
  max: number
}

/** Longest a loop of the server was kept from its timers since the last call, ms. */
export type LoopDelay = () => Promise<Delay>

const writers = 32
const watchers = 200

/**
 * What does not grow: the delay of the event loop under 32 writers and 200 watchers, the cost of a write with the number of
 * objects stored, and the cost of watchers that others' events are none of the business of.
 */
export async function measureBusy(options: {
  server: string
  token: string
  loopDelay: LoopDelay
  memory: () => Promise<number>
}): Promise<Row[]> {
  const { loopDelay, memory } = options
  const load = createLoad({ ...options, parallel: writers })
  const written = await newNamespace(load)
  const quiet = await newNamespace(load)
  const rows: Row[] = []

  await load.run(3_000, (index) => load.send('POST', written.pods, podNumber(index)))
  const change = changes(load, written.pods)
  await load.run(2_000, change)

  await loopDelay()
  const alone = await load.run(6_000, change)
  rows.push(['status patch, nobody watches', alone.rate, '/s'], ...delayRows('nobody watches', await loopDelay()))

  for (const [whose, pods] of [
    ['another namespace', quiet.pods],
    ['the same namespace', written.pods],
  ] as const) {
    let events = 0
    const stops = Array.from({ length: watchers }, () =>
      load.watch(`${pods}?watch=1&resourceVersion=0`, () => events++),
    )
    await quietened(() => events)
    const before = events
    await loopDelay()
    const count = pods === quiet.pods ? 6_000 : 1_500
    const begun = performance.now()
    const watched = await load.run(count, change)
    const delay = await loopDelay()
    if (pods === written.pods) await untilTrue(() => events - before >= count * watchers)
    const seconds = (performance.now() - begun) / 1_000
    for (const stop of stops) stop()
    rows.push([`status patch, 200 watch ${whose}`, watched.rate, '/s'], ...delayRows(`200 watch ${whose}`, delay))
    if (events > before) rows.push([`events to 200 who watch ${whose}`, Math.round((events - before) / seconds), '/s'])
  }

  const few = await load.run(3_000, (index) => load.send('POST', quiet.pods, podNumber(index)))
  await load.run(4_000, (index) => load.send('POST', written.pods, podNumber(3_000 + index)))
  rows.push(['memory, 10,000 pods', await memory(), 'MB'])
  await load.run(20_000, (index) => load.send('POST', written.pods, podNumber(7_000 + index)))
  const third = await newNamespace(load)
  const many = await load.run(3_000, (index) => load.send('POST', third.pods, podNumber(index)))
  rows.push(['create pod, 3,000 stored', few.rate, '/s'], ['create pod, 30,000 stored', many.rate, '/s'])
  const patched = await load.run(6_000, change)
  rows.push(['status patch, 33,000 stored', patched.rate, '/s'])
  load.stop()
  return rows
}

/** Each call changes the status of one of 3,000 pods. */
function changes(load: Load, pods: string): (index: number) => Promise<unknown> {
  let round = 0
  return (index) =>
    load.send(
      'PATCH',
      `${pods}/p-${index % 3_000}/status`,
      { status: { message: `round ${round++}` } },
      'application/merge-patch+json',
    )
}

const delayRows = (what: string, { p99, max }: Delay): Row[] => [
  [`event loop late, ${what}, p99`, p99, 'ms'],
  [`event loop late, ${what}, longest`, max, 'ms'],
]

/** Waits until a count has stood still for a second: what was there before has been told. */
async function quietened(count: () => number): Promise<void> {
  for (let last = -1; last !== count();) {
    last = count()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

/** Asks the probe in the measured process; see event-loop-probe.ts. @param signal sends SIGUSR2 to it */
export function readLoopDelay(report: string, signal: () => void): LoopDelay {
  return async () => {
    await rm(report, { force: true })
    signal()
    let delay: Delay | undefined
    await untilTrue(async () => {
      delay = await readFile(report, 'utf8').then(
        (text) => (text ? (JSON.parse(text) as Delay) : undefined),
        () => undefined,
      )
      return delay !== undefined
    })
    return delay ?? { p50: NaN, p99: NaN, max: NaN }
  }
}
