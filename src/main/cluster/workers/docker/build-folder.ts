import { execFile, spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import ignore from '@balena/dockerignore'
import type Docker from 'dockerode'
import { pack, type Pack } from 'tar-stream'
import { follow } from './build-image.ts'
import { toolEnvironment } from './tool-environment.ts'

export interface FolderBuild {
  /** Absolute. */
  folder: string
  /** Within the folder: `Dockerfile`. */
  dockerfile: string
  /** The name that it gets. */
  image: string
}

export interface BuildWork {
  log(line: string): void
  signal: AbortSignal
}

/** Which builder is there: BuildKit by the user's `docker build`, else the engine's own. */
export async function builderOf(): Promise<'buildkit' | 'engine'> {
  try {
    await promisify(execFile)('docker', ['buildx', 'version'], { env: toolEnvironment(), timeout: 5_000 })
    return 'buildkit'
  } catch {
    return 'engine'
  }
}

/**
 * Builds the image of a folder on the engine of this machine, as `docker build` does.
 * @param engine `host`: its address, as `DOCKER_HOST` takes it @throws Error with what the build says went wrong
 */
export async function buildFolder(
  { docker, host }: { docker: Docker; host: string },
  build: FolderBuild,
  work: BuildWork,
): Promise<void> {
  const builder = await builderOf()
  // A build that is cancelled while its builder is looked for does not begin: nothing tells it later.
  work.signal.throwIfAborted()
  if (builder === 'buildkit') await buildByCommand(build, host, work)
  else await buildByEngine(docker, build, work)
}

async function buildByCommand(
  { folder, dockerfile, image }: FolderBuild,
  host: string,
  work: BuildWork,
): Promise<void> {
  const args = ['build', '--progress=plain', '--tag', image, '--file', join(folder, dockerfile), folder]
  const env = { ...toolEnvironment(), DOCKER_HOST: host, DOCKER_BUILDKIT: '1' }
  const child = spawn('docker', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let late: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    child.kill('SIGINT')
    late ??= setTimeout(() => {
      child.kill('SIGKILL')
      // What it has started may hold them open for ever.
      child.stdout.destroy()
      child.stderr.destroy()
    }, patience)
  }
  work.signal.addEventListener('abort', stop, { once: true })
  let last = ''
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of linesOf(stream)) {
      if (line.trim()) last = line
      work.log(line)
    }
  }
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const reading = [child.stdout, child.stderr].map((stream) =>
      read(stream).catch((error: unknown) => {
        // One that was stopped is cut off.
        if (!work.signal.aborted) throw error
      }),
    )
    const [code] = await Promise.all([ended, ...reading])
    work.signal.throwIfAborted()
    if (code !== 0) throw new Error(last.replace(/^ERROR: /, '') || `docker build ended with ${code ?? 'a signal'}`)
  } finally {
    clearTimeout(late)
    work.signal.removeEventListener('abort', stop)
  }
}

/** How long a build has to end after it was asked to, ms. */
const patience = 10_000
/** Most characters of a line; what is longer comes in parts. */
const mostLine = 8_192

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split(/\r?\n/)
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length <= mostLine) continue
    yield rest
    rest = ''
  }
  if (rest !== '') yield rest
}

async function buildByEngine(
  docker: Docker,
  { folder, dockerfile, image }: FolderBuild,
  work: BuildWork,
): Promise<void> {
  const archive = pack()
  archive.on('error', () => undefined)
  // Whichever fails first ends the other: the engine would wait for the rest of the folder, or the folder for the engine.
  const broken = new AbortController()
  let unreadable: unknown
  fill(archive, folder, dockerfile).catch((error: unknown) => {
    unreadable = error
    broken.abort(error)
  })
  try {
    const answer = await docker.buildImage(archive as unknown as NodeJS.ReadableStream, {
      t: image,
      dockerfile: dockerfile.split(sep).join('/'),
      rm: true,
      forcerm: true,
      abortSignal: AbortSignal.any([work.signal, broken.signal]),
    })
    await follow(answer, work)
    work.signal.throwIfAborted()
  } catch (error) {
    throw unreadable ?? error
  } finally {
    archive.destroy()
  }
}

/** Puts the files of a folder into an archive, without those that its `.dockerignore` names. */
export async function fill(archive: Pack, folder: string, dockerfile: string): Promise<void> {
  const rules = await ignoreRules(folder, dockerfile)
  const isIgnored = ignore().add(rules.split('\n'))
  const mayReturn = /^\s*!/m.test(rules)
  const always = new Set([dockerfile, '.dockerignore'])
  const visit = async (path: string): Promise<void> => {
    for (const name of (await readdir(path)).sort()) {
      const file = join(path, name)
      const inside = relative(folder, file)
      const ignored = !always.has(inside) && isIgnored.ignores(inside)
      const stat = await lstat(file)
      const header = { name: inside.split(sep).join('/'), mode: stat.mode & 0o7777, mtime: stat.mtime }
      // What a rule with `!` brings back may be within a folder that is left out.
      if (stat.isDirectory() && (!ignored || mayReturn)) {
        if (!ignored) archive.entry({ ...header, type: 'directory' })
        await visit(file)
      }
      if (ignored) continue
      if (stat.isSymbolicLink()) archive.entry({ ...header, type: 'symlink', linkname: await readlink(file) })
      else if (stat.isFile()) await pipeline(createReadStream(file), archive.entry({ ...header, size: stat.size }))
    }
  }
  await visit(folder)
  archive.finalize()
}

/** A Dockerfile's own rules come before those of the folder. */
async function ignoreRules(folder: string, dockerfile: string): Promise<string> {
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    if (text !== undefined) return text
  }
  return ''
}
