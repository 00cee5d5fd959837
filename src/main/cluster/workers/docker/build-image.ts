import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { pack } from 'tar-stream'
import { messageOf } from '#shared/base/message-of.ts'
import { imagePath, parseImageReference, withDefaultTag } from '#shared/kube/image-reference.ts'
import { hostCredentials } from './host-credentials.ts'
import { isMissing } from './connection.ts'

export interface ImageWork {
  log(line: string): void
  /** Bytes transferred so far, and in all where that is known. */
  bytes?(done: number, total?: number): void
  signal?: AbortSignal
}

/** The base image of the project's Dockerfiles. */
const baseImage = 'debian:trixie'

export async function hasImage(docker: Docker, tag: string): Promise<boolean> {
  try {
    await docker.getImage(imagePath(tag)).inspect()
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Short hash of a build context's files, for the tag: an image with it need not be built again. */
export async function contextHash(context: string): Promise<string> {
  const hash = createHash('sha256')
  for (const file of (await readdir(context)).sort())
    hash.update(`${file}\0`).update(await readFile(join(context, file)))
  return hash.digest('hex').slice(0, 12)
}

/**
 * Builds `context` (a flat folder) on the engine, its base image first.
 * @param options `target`: the stage to build, the last one when unset
 * @throws Error with the last line that the build printed
 */
export async function buildImage(
  docker: Docker,
  { context, tag, target, labels }: { context: string; tag: string; target?: string; labels?: Record<string, string> },
  work: ImageWork,
): Promise<void> {
  await ensureBaseImage(docker, work)
  const archive = pack()
  for (const file of await readdir(context)) archive.entry({ name: file }, await readFile(join(context, file)))
  archive.finalize()
  const answer = await docker.buildImage(archive as unknown as NodeJS.ReadableStream, {
    t: tag,
    // Not every engine routes a build's own network to the outside; the host network is.
    networkmode: 'host',
    ...(target ? { target } : {}),
    ...(labels ? { labels } : {}),
    ...(work.signal ? { abortSignal: work.signal } : {}),
  })
  await follow(answer, work)
}

interface ProgressLine {
  stream?: string
  status?: string
  error?: string
  /** The layer. */
  id?: string
  progressDetail?: { current?: number; total?: number }
}

/** Reads the engine's progress stream of a build, pull or import to its end. @throws Error with the engine's reason */
export async function follow(answer: NodeJS.ReadableStream, { log, bytes }: ImageWork): Promise<void> {
  const layers = new Map<string, { done: number; total: number }>()
  for await (const line of createInterface({ input: answer })) {
    if (!line.trim()) continue
    const { stream, status, error, id, progressDetail } = JSON.parse(line) as ProgressLine
    if (error) throw new Error(error.trim())
    if (progressDetail?.current !== undefined) {
      // Each layer is downloaded, then unpacked: only downloads are reported, so that the figure never falls.
      if (id === undefined || status !== 'Downloading') continue
      layers.set(id, { done: progressDetail.current, total: progressDetail.total ?? progressDetail.current })
      const sum = [...layers.values()].reduce((a, b) => ({ done: a.done + b.done, total: a.total + b.total }))
      bytes?.(sum.done, sum.total)
      continue
    }
    const text = [id, (stream ?? status ?? '').trim()].filter(Boolean).join(': ')
    if (text) log(text)
  }
}

/** Pulls the base image; without a registry, builds it with debootstrap under the same tag. */
async function ensureBaseImage(docker: Docker, work: ImageWork): Promise<void> {
  if (await hasImage(docker, baseImage)) return
  work.log(`pulling ${baseImage}`)
  try {
    await follow(await docker.pull(baseImage, work.signal ? { abortSignal: work.signal } : {}), work)
    return
  } catch (error) {
    work.signal?.throwIfAborted()
    work.log(`no registry: ${messageOf(error)}`)
  }
  if (process.getuid?.() !== 0 || process.platform !== 'linux')
    throw new Error(`cannot pull ${baseImage}, and only root on Linux can make it with debootstrap instead`)
  await bootstrap(docker, work)
}

async function bootstrap(docker: Docker, work: ImageWork): Promise<void> {
  work.log(`making ${baseImage} with debootstrap`)
  if (!(await exists('/usr/sbin/debootstrap'))) {
    await command('apt-get', ['update', '-qq'], work)
    await command('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'debootstrap'], work)
  }
  const folder = await mkdtemp(join(tmpdir(), 'slipway-base-'))
  try {
    await command(
      'debootstrap',
      ['--variant=minbase', '--include=ca-certificates', 'trixie', folder, await debianMirror()],
      work,
    )
    const tar = spawn('tar', [
      '-C',
      folder,
      '--exclude=./var/cache/apt/archives/*.deb',
      '--exclude=./var/lib/apt/lists/*',
      '-c',
      '.',
    ])
    let done = 0
    let told = 0
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        done += chunk.length
        if (done - told >= 2 ** 20) work.bytes?.((told = done))
        next(null, chunk)
      },
    })
    const [repo = '', tag = ''] = baseImage.split(':')
    const answer = await docker.importImage(tar.stdout.pipe(counted), { repo, tag })
    await follow(answer, work)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The mirror in this machine's apt sources, so that no other host is contacted. */
async function debianMirror(): Promise<string> {
  const files = ['/etc/apt/sources.list']
  for (const file of await readdir('/etc/apt/sources.list.d')) files.push(join('/etc/apt/sources.list.d', file))
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const mirror = /^(?:URIs:\s*|deb\s+(?:\[.*?\]\s*)?)(\S+\/debian\/?)(?:\s|$)/m.exec(text)?.[1]
    if (mirror) return mirror
  }
  return 'http://deb.debian.org/debian'
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

async function command(program: string, args: string[], { log, signal }: ImageWork): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...(signal ? { signal } : {}),
  })
  let last = ''
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      last = line
      log(line)
    }
  }
  const reading = Promise.all([read(child.stdout), read(child.stderr)])
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  await reading
  if (code !== 0) throw new Error(`${program} failed: ${last}`)
}

/** Streams an image out of the engine as `docker save` does; undefined where the engine does not have it. */
export async function saveImage(docker: Docker, reference: string): Promise<NodeJS.ReadableStream | undefined> {
  if (!(await hasImage(docker, reference))) return undefined
  return docker.getImage(imagePath(reference)).get()
}

/** Sends an image to the registry that its name tells. @throws Error with the engine's reason */
export async function pushImage(docker: Docker, reference: string, work: ImageWork): Promise<void> {
  const { domain, path, tag } = withDefaultTag(parseImageReference(reference))
  const [auth] = await hostCredentials(reference)
  const answer = await docker.getImage(imagePath(domain === 'docker.io' ? path : `${domain}/${path}`)).push({
    tag,
    // The engine wants the header even where there is nothing to say.
    authconfig: auth ?? { username: '', password: '', serveraddress: domain },
    ...(work.signal ? { abortSignal: work.signal } : {}),
  })
  await follow(answer, work)
}

/** Id and layers of an image of the engine; undefined where the engine does not have it. */
export async function findImage(
  docker: Docker,
  reference: string,
): Promise<{ id: string; layers: string[] } | undefined> {
  if (!(await hasImage(docker, reference))) return undefined
  const { Id, RootFS } = await docker.getImage(imagePath(reference)).inspect()
  return { id: Id, layers: RootFS.Layers ?? [] }
}

/** Loads a `docker save` stream. */
export async function loadImage(docker: Docker, tar: NodeJS.ReadableStream): Promise<void> {
  const answer = await docker.loadImage(tar)
  await pipeline(answer, async function (source) {
    for await (const _chunk of source as AsyncIterable<Buffer>);
  })
}
