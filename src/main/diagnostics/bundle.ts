import { arch, cpus, freemem, release, totalmem } from 'node:os'
import { isAbsolute } from 'node:path'
import { createGzip } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import { pack, type Pack } from 'tar-stream'
import { writePrivateFileBy } from '#main/keys/private-file.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Cluster, Engine } from '#shared/contract/clusters.ts'
import type { DiagnosticsDone } from '#shared/contract/care.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import { createRedactor, type Redactor } from './redact.ts'
import { createTurns } from './turns.ts'

export interface DiagnosticsSources {
  version: string
  mode: string
  engine(): Promise<Engine>
  settings(): Promise<unknown>
  /** The last lines of the app's log. */
  log(): readonly string[]
  clusters(): Cluster[]
  /** The objects of a cluster that runs, in the clear; undefined otherwise. */
  objects(cluster: string): Iterable<{ json: Uint8Array }> | undefined
  /** What a worker's agent has written last. */
  workerLog(cluster: string, worker: string): Promise<string>
  podLog(cluster: string, pod: { namespace: string; name: string; container: string }): Promise<string>
  /** What must be nowhere in it: keys of the clusters. */
  secrets(): Promise<string[]>
}

export interface DiagnosticsOrder {
  /** Absolute path. */
  file: string
  /** All when unset. */
  clusters?: readonly string[] | undefined
  podLogs: boolean
}

/**
 * One archive for whoever is to find out what is wrong: versions, settings, states and events of the clusters, their objects, logs of
 * app and workers, of pods where asked for. No data of Secrets and ConfigMaps, no values of environments, and whatever of those
 * a log repeats is taken out of it.
 * @throws Error for the user when the file cannot be written
 */
export async function writeDiagnostics(sources: DiagnosticsSources, order: DiagnosticsOrder): Promise<DiagnosticsDone> {
  if (!isAbsolute(order.file) || !/\.t(?:ar\.)?gz$/.test(order.file))
    throw new Error(`${order.file} is no file for it: its path has to be absolute and end in .tar.gz`)
  const redactor = createRedactor()
  for (const secret of await sources.secrets()) redactor.secret(secret)
  const all = sources.clusters().filter(({ name }) => order.clusters?.includes(name) ?? true)
  // All objects first: what is taken out of them is looked for in every text.
  const clusters: { cluster: Cluster; objects: KubeObject[] | undefined }[] = []
  for (const cluster of all) clusters.push({ cluster, objects: await objectsOf(sources, cluster.name, redactor) })
  const files = new Map<string, string>()
  files.set('about.json', json(await about(sources)))
  files.set('settings.json', json(await sources.settings()))
  files.set('app.log', sources.log().join('\n'))
  for (const { cluster, objects } of clusters)
    await addCluster(files, sources, { cluster, objects, podLogs: order.podLogs })
  const clean: (readonly [string, string])[] = []
  for (const [name, text] of files) clean.push([name, await redactor.text(text)])
  const bytes = await writeArchive(order.file, [['README.txt', readme(redactor.count, order)], ...clean])
  return { file: order.file, bytes, files: clean.length + 1, redacted: redactor.count }
}

const json = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? each.toString() : each), 2)

async function about({ version, mode, engine }: DiagnosticsSources): Promise<object> {
  return {
    slipway: version,
    mode,
    node: process.version,
    platform: process.platform,
    kernel: release(),
    arch: arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    engine: await engine(),
    takenAt: new Date().toISOString(),
  }
}

/** `undefined` where the cluster does not run. */
async function objectsOf(
  { objects }: DiagnosticsSources,
  cluster: string,
  redactor: Redactor,
): Promise<KubeObject[] | undefined> {
  const found = objects(cluster)
  if (!found) return undefined
  const turn = createTurns()
  const clean: KubeObject[] = []
  for (const { json: text } of [...found]) {
    clean.push(redactor.object(parseExact(Buffer.from(text).toString()) as KubeObject))
    await turn()
  }
  return clean
}

async function addCluster(
  files: Map<string, string>,
  sources: DiagnosticsSources,
  { cluster, objects, podLogs }: { cluster: Cluster; objects: KubeObject[] | undefined; podLogs: boolean },
): Promise<void> {
  const dir = `clusters/${cluster.name}`
  files.set(`${dir}/cluster.json`, json(cluster))
  if (!objects) return
  files.set(`${dir}/objects.jsonl`, objects.map((object) => json(object).replaceAll(/\n\s*/g, '')).join('\n'))
  files.set(`${dir}/events.txt`, eventsText(objects))
  if (!cluster.simulated)
    for (const { name } of cluster.workers)
      files.set(`${dir}/workers/${name}.log`, await orReason(sources.workerLog(cluster.name, name)))
  if (!podLogs) return
  for (const pod of containersOf(objects)) {
    const file = `${dir}/pods/${pod.namespace}/${pod.name}/${pod.container}.log`
    files.set(file, await orReason(sources.podLog(cluster.name, pod)))
  }
}

const orReason = (text: Promise<string>): Promise<string> =>
  text.catch((error: unknown) => `not readable: ${messageOf(error)}`)

interface EventObject extends KubeObject {
  type?: string
  reason?: string
  message?: string
  count?: number
  lastTimestamp?: string
  eventTime?: string
  involvedObject?: { kind?: string; namespace?: string; name?: string }
}

function eventsText(objects: readonly KubeObject[]): string {
  const events = objects.filter(({ kind }) => kind === 'Event') as EventObject[]
  const timeOf = ({ lastTimestamp, eventTime, metadata }: EventObject): string =>
    lastTimestamp ?? eventTime ?? (metadata as { creationTimestamp?: string }).creationTimestamp ?? ''
  return events
    .sort((a, b) => timeOf(a).localeCompare(timeOf(b)))
    .map((event) => {
      const { type, reason, involvedObject: of = {}, message, count } = event
      const object = [of.kind, of.namespace, of.name].filter(Boolean).join('/')
      return [timeOf(event), type, reason, object, count && count > 1 ? `x${count}` : '', message]
        .filter(Boolean)
        .join('  ')
    })
    .join('\n')
}

/** At most so many containers have their logs in it. */
const mostLogs = 200

function containersOf(objects: readonly KubeObject[]): { namespace: string; name: string; container: string }[] {
  return objects
    .filter(({ kind }) => kind === 'Pod')
    .flatMap((pod) => {
      const { namespace = '', name = '' } = pod.metadata
      const { containers = [] } = (pod as { spec?: { containers?: { name: string }[] } }).spec ?? {}
      return containers.map((container) => ({ namespace, name, container: container.name }))
    })
    .slice(0, mostLogs)
}

const readme = (count: number, { podLogs }: DiagnosticsOrder): string =>
  [
    'What is in here, to find out what is wrong with Slipway or a cluster:',
    '',
    'about.json       versions, machine, Docker Engine',
    'settings.json    settings of the app',
    'app.log          last lines of the app',
    'clusters/*/      state and last operation, objects, events, logs of workers' + (podLogs ? ' and pods' : ''),
    '',
    `Taken out: data of Secrets and ConfigMaps, values of environment variables, keys and tokens; ${count} in all.`,
    'Names of objects, images and hosts are in it. Look through it before you give it away.',
    '',
  ].join('\n')

const writeArchive = (file: string, entries: readonly (readonly [string, string])[]): Promise<number> =>
  writePrivateFileBy(file, async (handle) => {
    const tar = pack()
    for (const [name, text] of entries) tar.entry({ name: `slipway-diagnostics/${name}`, mode: 0o600 }, text)
    tar.finalize()
    await pipeline(tar as unknown as NodeJS.ReadableStream & Pack, createGzip(), (bytes) => handle.writeFile(bytes))
  })
