import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { OpenedChart } from '#shared/contract/helm.ts'
import { filesOfTar } from './archives.ts'
import { valuesText } from './releases.ts'
import type { StoredRelease } from './release-codec.ts'

/** Charts that are opened: from now on each is rendered and installed as it was when the user looked at it. */
export interface OpenCharts {
  /** @param pull fetches a chart that is not on this machine into a folder */
  open(source: { ref: string; version?: string | undefined }, pull: Pull): Promise<OpenedChart>
  /** The chart that a release was made of. */
  openStored(release: StoredRelease): Promise<OpenedChart>
  /** Path of an opened chart. @throws Error for the user when it is none */
  pathOf(id: string): string
  close(): Promise<void>
}

type Pull = (ref: string, version: string | undefined, folder: string) => Promise<void>

/** Most bytes of an archive. */
const mostBytes = 100_000_000
/** Most charts that are kept open; the oldest go. */
const mostOpen = 20

const metadata = z.looseObject({
  name: z.string(),
  version: z.coerce.string(),
  appVersion: z.coerce.string().nullish(),
  description: z.string().nullish(),
  home: z.string().nullish(),
  deprecated: z.boolean().nullish(),
})

export function createOpenCharts(): OpenCharts {
  const open = new Map<string, { path: string; own?: string }>()
  /** Made with the first chart that needs it. */
  let base: Promise<string> | undefined
  /** A folder of its own for what `fill` puts there; it is gone where that fails. */
  async function inNewFolder(fill: (folder: string) => Promise<string>): Promise<OpenedChart> {
    base ??= mkdtemp(join(tmpdir(), 'slipway-charts-'))
    base.catch(() => (base = undefined))
    const folder = await mkdtemp(join(await base, 'chart-'))
    try {
      return await keep(await fill(folder), folder)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  async function keep(path: string, own: string | undefined): Promise<OpenedChart> {
    const id = randomUUID()
    const chart = await describe(id, path)
    open.set(id, { path, ...(own === undefined ? {} : { own }) })
    for (const [oldest, { own: folder }] of open) {
      if (open.size <= mostOpen) break
      open.delete(oldest)
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    }
    return chart
  }

  return {
    async open({ ref, version }, pull) {
      const local = localPath(ref)
      if (local !== undefined) return keep(local, undefined)
      return inNewFolder(async (folder) => {
        await pull(ref, version, folder)
        const [file] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
        if (file === undefined) throw new Error(`${ref} is no chart`)
        return join(folder, file)
      })
    },
    openStored: (release) =>
      inNewFolder(async (folder) => {
        const path = join(folder, 'chart')
        await writeChart(release, path)
        return path
      }),
    pathOf(id) {
      const chart = open.get(id)
      if (!chart) throw new Error('the chart is not open any more: choose it again')
      return chart.path
    },
    async close() {
      open.clear()
      const folder = await base?.catch(() => undefined)
      base = undefined
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A path of this machine; undefined for what has to be fetched. */
export function localPath(ref: string): string | undefined {
  if (ref === '~' || ref.startsWith('~/')) return join(homedir(), ref.slice(1))
  if (isAbsolute(ref)) return ref
  return ref.startsWith('./') || ref.startsWith('../') ? resolve(ref) : undefined
}

/** @throws Error for the user when there is no chart */
async function describe(id: string, path: string): Promise<OpenedChart> {
  const info = await stat(path).catch(() => undefined)
  if (!info) throw new Error(`${path} is not there`)
  if (!info.isDirectory() && (!info.isFile() || info.size > mostBytes))
    throw new Error(`${path} is neither a folder nor a chart's archive`)
  const files = info.isDirectory() ? await filesOfFolder(path) : await filesOfArchive(path)
  const text = (name: string): string | undefined => files.get(name)?.toString('utf8')
  const parsed = metadata.safeParse(parse(text('Chart.yaml') ?? '') ?? {})
  if (!parsed.success) throw new Error(`${path} has no Chart.yaml with a name and a version`)
  const { name, version, appVersion, description, home, deprecated } = parsed.data
  const schema = text('values.schema.json')
  const readme = text('README.md')
  return {
    ...{ id, name, version, appVersion: appVersion ?? '', description: description ?? '' },
    ...(home ? { home } : {}),
    deprecated: deprecated ?? false,
    values: text('values.yaml') ?? '',
    ...(schema === undefined ? {} : { schema }),
    ...(readme === undefined ? {} : { readme }),
    definitions: [...files.keys()].filter((file) => file.startsWith('crds/')).length,
    ...(info.isDirectory() ? {} : { bytes: info.size }),
  }
}

/** Files that tell what a chart is. */
const told = /^(?:Chart\.yaml|values\.yaml|values\.schema\.json|README\.md|crds\/[^/]+\.ya?ml)$/

async function filesOfArchive(path: string): Promise<Map<string, Buffer>> {
  // Everything is in a folder with the chart's name.
  const inside = (name: string): string => name.replace(/^(?:\.\/)?[^/]+\//, '')
  const files = await filesOfTar(await readFile(path), (name) => told.test(inside(name))).catch(() => {
    throw new Error(`${path} is neither a folder nor a chart's archive`)
  })
  return new Map([...files].map(([name, content]) => [inside(name), content]))
}

async function filesOfFolder(path: string): Promise<Map<string, Buffer>> {
  const definitions = await readdir(join(path, 'crds')).catch(() => [])
  const names = [
    'Chart.yaml',
    'values.yaml',
    'values.schema.json',
    'README.md',
    ...definitions.map((name) => `crds/${name}`),
  ]
  const files = new Map<string, Buffer>()
  for (const name of names.filter((each) => told.test(each))) {
    const content = await readFile(join(path, name)).catch(() => undefined)
    if (content) files.set(name, content)
  }
  return files
}

/** Writes the chart that a release carries as a folder. @throws Error when it would leave the folder */
export async function writeChart({ chart }: StoredRelease, folder: string): Promise<void> {
  const decode = (data: string | null | undefined): Buffer => Buffer.from(data ?? '', 'base64')
  const files: { name: string; content: string | Buffer }[] = [
    { name: 'Chart.yaml', content: stringify(chart?.metadata ?? {}) },
    { name: 'values.yaml', content: valuesText(chart?.values ?? {}) },
    ...(chart?.schema ? [{ name: 'values.schema.json', content: decode(chart.schema) }] : []),
    ...[...(chart?.templates ?? []), ...(chart?.files ?? [])].map(({ name, data }) => ({
      name,
      content: decode(data),
    })),
  ]
  for (const { name, content } of files) {
    const path = normalize(join(folder, name))
    if (relative(folder, path).split(sep).includes('..')) throw new Error(`the chart has a file outside of it: ${name}`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content, { mode: 0o600 })
  }
}
