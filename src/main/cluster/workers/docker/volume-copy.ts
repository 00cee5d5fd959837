import { randomUUID } from 'node:crypto'
import type { Duplex, Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { VolumeCopy } from '../provider.ts'
import { isMissing } from './connection.ts'

export interface VolumeCopyOptions {
  connect(): Promise<Docker>
  /** Name of the Docker volume. */
  volume: string
  image(): Promise<string>
  labels: Record<string, string>
}

/** What is under way has a name at the root of the volume that begins so, and is never part of a copy. */
const own = '.slipway'
const [staged, replaced, old] = [`${own}-staged`, `${own}-replaced`, `${own}-old`]

const inVolume = (...lines: string[]): string => ['set -e', 'cd /volume', ...lines].join('\n')
const everything = (of: string): string => `find ${of} -mindepth 1 -maxdepth 1 ! -name '${own}-*'`
/** Of a commit that did not come to its end: what was there comes back. */
const undo = [
  `rm -rf ${staged} ${old}`,
  `if [ -d ${replaced} ]; then`,
  `  ${everything('.')} -exec rm -rf {} +`,
  `  ${everything(replaced)} -exec mv -t . {} +`,
  `  rmdir ${replaced}`,
  'fi',
]
const attributes = `--numeric-owner --xattrs --xattrs-include='*' --acls`

const scripts = {
  folders: inVolume(`${everything('.')} -type d -printf '%f\\n'`),
  read: `exec tar --create --format=posix ${attributes} --sparse --exclude='./${own}-*' --directory=/volume .`,
  stage: inVolume(
    ...undo,
    `mkdir ${staged}`,
    `exec tar --extract --preserve-permissions --same-owner ${attributes} --directory=${staged}`,
  ),
  commit: inVolume(
    `mkdir ${replaced}`,
    `${everything('.')} -exec mv -t ${replaced} {} +`,
    `${everything(staged)} -exec mv -t . {} +`,
    // From here on the new content is the volume's.
    `mv ${replaced} ${old}`,
    `rm -rf ${staged} ${old}`,
  ),
  discard: inVolume(`if [ -d ${replaced} ] || { [ -d ${staged} ] && [ ! -d ${old} ]; }; then echo undone; fi`, ...undo),
}

export function createVolumeCopy(options: VolumeCopyOptions): VolumeCopy {
  const exists = async (): Promise<boolean> => {
    try {
      await (await options.connect()).getVolume(options.volume).inspect()
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }
  const run = async (script: string, input?: AsyncIterable<Uint8Array>): Promise<string> => {
    let text = ''
    for await (const chunk of runScript(options, { script, readOnly: false, input })) text += chunk.toString()
    return text
  }
  return {
    async folders() {
      if (!(await exists())) return []
      return (await run(scripts.folders)).split('\n').filter(Boolean)
    },
    read: () => runScript(options, { script: scripts.read, readOnly: true }),
    stage: async (archive) => void (await run(scripts.stage, archive)),
    commit: async () => void (await run(scripts.commit)),
    discard: async () => (await exists()) && (await run(scripts.discard)).includes('undone'),
    async sweep() {
      const docker = await options.connect()
      const label = [`${labelOfVolume}=${options.volume}`]
      const containers = await docker.listContainers({ all: true, filters: { label } })
      const left = containers.filter(({ Labels }) => Labels[labelOfProcess] !== thisProcess)
      await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true })))
    },
  }
}

const labelOfVolume = 'slipway.dev/volume'
const labelOfProcess = 'slipway.dev/process'
/** Containers of other processes are those of one that was killed: a data folder has one process at a time. */
const thisProcess = randomUUID()

/** Runs the script in a container of its own, which is removed at the end. @returns its output @throws Error with its complaints */
async function* runScript(
  { connect, volume, image, labels }: VolumeCopyOptions,
  { script, readOnly, input }: { script: string; readOnly: boolean; input?: AsyncIterable<Uint8Array> | undefined },
): AsyncGenerator<Buffer> {
  const docker = await connect()
  const container = await docker.createContainer({
    Image: await image(),
    Entrypoint: ['sh', '-c', script],
    Labels: { ...labels, [labelOfVolume]: volume, [labelOfProcess]: thisProcess },
    AttachStdout: true,
    AttachStderr: true,
    ...(input ? { AttachStdin: true, OpenStdin: true, StdinOnce: true } : {}),
    HostConfig: {
      NetworkMode: 'none',
      // Else the engine would keep all that a copy sends in a log file of its own.
      LogConfig: { Type: 'none', Config: {} },
      ReadonlyRootfs: true,
      // Attributes of other namespaces than `user` are read and written by the system's administrator alone.
      CapAdd: ['SYS_ADMIN'],
      SecurityOpt: ['label=disable'],
      Mounts: [{ Type: 'volume', Source: volume, Target: '/volume', ReadOnly: readOnly, VolumeOptions: volumeOptions }],
    },
  })
  try {
    const stream = (await container.attach({
      stream: true,
      stdout: true,
      stderr: true,
      ...(input ? { stdin: true, hijack: true } : {}),
    })) as Duplex
    await container.start()
    const sent = input ? send(input, stream) : Promise.resolve()
    sent.catch(() => stream.destroy())
    let complaints = ''
    try {
      for await (const { isError, content } of frames(stream)) {
        if (!isError) yield content
        else if (complaints.length < 2_000) complaints += content.toString()
      }
    } finally {
      // Where the archive itself cannot be read, that is the error.
      await sent
    }
    const { StatusCode } = (await container.wait()) as { StatusCode: number }
    if (StatusCode !== 0)
      throw new Error(`the volume cannot be copied: ${complaints.trim() || `tar ends with ${StatusCode}`}`)
  } finally {
    await container.remove({ force: true }).catch(() => undefined)
  }
}

const volumeOptions = { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } }

/** Feeds the container. One that ends early says itself why; what is thrown here comes from `input`. */
async function send(input: AsyncIterable<Uint8Array>, stream: Duplex): Promise<void> {
  const gone = new Promise<void>((resolve) => stream.on('close', resolve).on('error', () => resolve()))
  for await (const chunk of input) {
    if (stream.destroyed) return
    if (!stream.write(chunk)) await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), gone])
  }
  stream.end()
}

/** The engine's frames: a byte of kind (2: standard error), three of padding, four of length, then content. */
async function* frames(stream: Readable): AsyncGenerator<{ isError: boolean; content: Buffer }> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    while (rest.length - at >= 8) {
      const end = at + 8 + rest.readUInt32BE(at + 4)
      if (end > rest.length) break
      yield { isError: rest[at] === 2, content: rest.subarray(at + 8, end) }
      at = end
    }
    rest = rest.subarray(at)
  }
}
