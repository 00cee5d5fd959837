import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Client } from '#shared/client/client.ts'
import { createHttpTransport } from '#shared/client/http-transport.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { daemonSets, deployments, statefulSets } from '#shared/kube/resources.ts'
import { testEngine } from '#test/support/docker-cluster.ts'
import { createNodeFetch } from '#test/support/node-fetch.ts'
import { newDataFolder, slipwayUp, type Slipway } from '#test/support/slipway.ts'
import { differences, indexesDone, miscounts } from './desired-state.ts'
import { chooseFault, createMachines, type Fault, type Machines } from './faults.ts'
import { observe, type Observer } from './observer.ts'
import { seededRandom } from './random.ts'
import { agentTemplate, createRoundJob, createWorkloads, databaseTemplate, namespace, webTemplate } from './workload.ts'

/**
 * Rounds of random faults (workers killed, paused, restarted, cut off from the host, from each other or from both; the
 * app killed meanwhile) while workloads of every controller run and change. After each, all is as declared; at no time
 * does a StatefulSet's identity run twice, or a CronJob's time lead to two Jobs; Jobs count exactly.
 *
 * `SLIPWAY_CHAOS_ROUNDS` sets the number of rounds, `SLIPWAY_CHAOS_SEED` replays the choices of an earlier run.
 */
const rounds = Number(process.env.SLIPWAY_CHAOS_ROUNDS ?? 6)
const seed = Number(process.env.SLIPWAY_CHAOS_SEED ?? Date.now() % 1_000_000)
const random = seededRandom(seed)
const name = `chaos-${process.pid}`
const settleMs = 150_000

let data: string
let slipway: Slipway
let client: Client
let closeClient = (): void => undefined
let machines: Machines
let observer: Observer
let workers: string[] = []
const journal: string[] = []

const up = async (): Promise<Slipway> => slipwayUp({ name, data, args: ['--workers', '3'] })

beforeAll(async () => {
  data = await newDataFolder()
  slipway = await up()
  workers = slipway.ready.workers
  client = administrator(slipway)
  machines = createMachines(await testEngine().connect())
  await createWorkloads(client)
  await settled([])
  observer = observe(client, machines, workers)
})
afterAll(async () => {
  await observer?.stop()
  closeClient()
  if (machines) await Promise.all(workers.map((worker) => machines.restore(worker)))
  await slipway?.end()
})

test(`${rounds} rounds of random faults`, { timeout: rounds * 300_000, retry: 0 }, async () => {
  log(`seed ${seed}`)
  for (let round = 1; round <= rounds; round++) await playRound(round)
  log(`${observer.scheduledTimes()} runs of the CronJob`)
})

async function playRound(round: number): Promise<void> {
  const job = `work-${round}`
  const faults = chooseFaults()
  const appDownMs = random.chance(0.3) ? random.between(500, 15_000) : 0
  const change = random.pick(changes)
  const lead = random.between(0, 4_000)
  log(
    `round ${round}: ${faults.map(({ kind, worker, ms }) => `${kind} ${worker} ${Math.round(ms / 1_000)} s`).join(', ')}` +
      `${appDownMs ? `, app killed ${Math.round(appDownMs / 1_000)} s` : ''}, ${change.what}`,
  )
  await createRoundJob(client, job)
  await change.make(client, String(round))
  await sleep(lead)
  await Promise.all([...faults.map((fault) => machines.inflict(fault)), appDownMs ? killApp(appDownMs) : undefined])
  const { ms, last } = await settled([job])
  const done = await indexesDone(machines, workers, job)
  const seen = observer.podsOf(job)
  log(`round ${round}: settled in ${Math.round(ms / 1_000)} s; pods of its Job: ${JSON.stringify(seen)}; last: ${last}`)
  expect(await miscounts(client, job, { done, pods: seen }), journal.join('\n')).toEqual([])
  expect(observer.violations(), journal.join('\n')).toEqual([])
}

/** On one worker, or on two at the same time. */
function chooseFaults(): Fault[] {
  const first = random.pick(asChoices(workers))
  const others = asChoices(workers.filter((worker) => worker !== first))
  const second = random.pick(others)
  const faults = [chooseFault(random, first), chooseFault(random, second)]
  return random.chance(0.3) ? faults : faults.slice(0, 1)
}

const asChoices = <T>([first, ...rest]: readonly T[]): [T, ...T[]] => {
  if (first === undefined) throw new Error('there is nothing to choose from')
  return [first, ...rest]
}

type Change = { what: string; make(client: Client, version: string): Promise<unknown> }
const changes: [Change, ...Change[]] = [
  { what: 'no change', make: () => Promise.resolve() },
  {
    what: 'rollout of the Deployment',
    make: (to, version) => to.patch(deployments, { namespace, name: 'web' }, template(webTemplate(version))),
  },
  {
    what: 'rollout of the StatefulSet',
    make: (to, version) => to.patch(statefulSets, { namespace, name: 'db' }, template(databaseTemplate(version))),
  },
  {
    what: 'rollout of the DaemonSet',
    make: (to, version) => to.patch(daemonSets, { namespace, name: 'agent' }, template(agentTemplate(version))),
  },
  {
    what: 'another size of the StatefulSet',
    make: (to, version) =>
      to.patch(
        statefulSets,
        { namespace, name: 'db' },
        { type: 'merge', body: { spec: { replicas: 2 + (Number(version) % 3) } } },
      ),
  },
]
const template = (body: object) => ({ type: 'merge' as const, body: { spec: { template: body } } })

async function killApp(downMs: number): Promise<void> {
  await sleep(random.between(0, 3_000))
  await slipway.end('SIGKILL')
  await sleep(downMs)
  slipway = await up()
}

/** Resolves with the time that it took, and what was in order last. @throws Error with all that differs from the desired state when it takes too long */
async function settled(jobs: readonly string[]): Promise<{ ms: number; last: string }> {
  const begun = Date.now()
  let last = ''
  for (;;) {
    const wrong = await differences(client, machines, { workers, jobs }).catch((error: unknown) => [String(error)])
    if (wrong.length === 0) return { ms: Date.now() - begun, last }
    last = wrong.join('; ')
    if (Date.now() - begun > settleMs) {
      if (process.env.SLIPWAY_CHAOS_HOLD) await sleep(Number(process.env.SLIPWAY_CHAOS_HOLD) * 1_000)
      throw new Error([`not settled within ${settleMs} ms:`, ...wrong, ...journal].join('\n'))
    }
    await sleep(500)
  }
}

function administrator({ kubeconfig, ready }: Slipway): Client {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[]
    users: { user: Record<string, string> }[]
  }
  const pem = (text = ''): string => Buffer.from(text, 'base64').toString()
  const connection = createNodeFetch({
    ca: pem(clusters[0]?.cluster['certificate-authority-data']),
    cert: pem(users[0]?.user['client-certificate-data']),
    key: pem(users[0]?.user['client-key-data']),
  })
  closeClient = connection.close
  return createClient(createHttpTransport({ server: ready.server, fetch: connection.fetch }))
}

function log(line: string): void {
  journal.push(line)
  console.log(`chaos: ${line}`)
}
