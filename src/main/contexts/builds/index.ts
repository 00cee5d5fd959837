import { isAbsolute, relative, resolve } from 'node:path'
import type { HostEngine } from '#main/cluster/index.ts'
import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { BuildMessage, BuildRequest, BuildStep } from '#shared/contract/builds.ts'
import { parseImageReference, taggedImage } from '#shared/kube/image-reference.ts'
import type { KubeContext } from '../kube-context.ts'
import { deployImage } from './deploy.ts'
import { absoluteFolder, lookAtFolder, type FolderLook } from './look.ts'

/** Builds folders of this machine, and runs what comes of them. */
export interface Builds {
  look(folder: string): Promise<FolderLook & { builder: 'buildkit' | 'engine' }>
  /** Sends what happens, until it is done or has failed. It ends with `signal`. */
  run(request: BuildRequest, io: { send(message: BuildMessage): Promise<void>; signal: AbortSignal }): Promise<void>
}

export interface BuildsOptions {
  engine: Pick<HostEngine, 'build' | 'builder' | 'push'>
  /** @throws Error for the user where there is none */
  contextOf(id: string): KubeContext
  clock: Clock
}

export function createBuilds({ engine, contextOf, clock }: BuildsOptions): Builds {
  async function steps(request: BuildRequest, begin: (step: BuildStep) => void, work: Work): Promise<void> {
    const context = contextOf(request.context)
    await context.requireWritable()
    const image = taggedImage(request.image)
    const place = placeOf(context, image)
    begin('build')
    await engine.build({ ...sourceOf(request), image }, work)
    if (place === 'registry') {
      begin('push')
      await engine.push(image, work)
    } else if (context.link) {
      begin('load')
      await context.link.loadImage(image)
    }
    work.signal.throwIfAborted()
    if (!request.deploy) return
    begin('deploy')
    await deployImage(context, { image, deploy: request.deploy, now: new Date(clock.now()) }, work.log)
  }

  return {
    async look(folder) {
      const [found, builder] = await Promise.all([lookAtFolder(folder), engine.builder()])
      return { ...found, builder }
    },
    async run(request, { send, signal }) {
      const started = clock.now()
      const outbox = createOutbox(send)
      try {
        await steps(request, (step) => outbox.add({ step }), { log: (line) => outbox.line(line), signal })
        outbox.add({ done: { ms: clock.now() - started } })
      } catch (error) {
        outbox.add({ failed: messageOf(error) })
      }
      await outbox.sent()
    },
  }
}

interface Work {
  log(line: string): void
  signal: AbortSignal
}

/** Workers of this machine take the engine's images; others pull from a registry. @throws Error for the user */
function placeOf({ info }: KubeContext, image: string): 'workers' | 'registry' {
  if (info.kind === 'local') return 'workers'
  const { domain, path } = parseImageReference(image)
  if (domain !== 'docker.io' || !path.startsWith('library/')) return 'registry'
  throw new Error(
    `${info.name} runs on other machines: name the image with its registry, such as registry.example.com/${image}`,
  )
}

/** @throws Error for the user where the Dockerfile is not in the folder */
function sourceOf({ folder: text, dockerfile = 'Dockerfile' }: BuildRequest): { folder: string; dockerfile: string } {
  const folder = absoluteFolder(text)
  const inside = relative(folder, resolve(folder, dockerfile))
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside))
    throw new Error(`the Dockerfile has to be in the folder ${folder}`)
  return { folder, dockerfile: inside }
}

/** Most lines that wait for a page that takes none, and most characters of one: what is older is left out, and counted. */
const mostWaiting = 2_000
const mostLine = 4_000

/** Messages go one after the other; lines that come while one is on its way go together. */
function createOutbox(send: (message: BuildMessage) => Promise<void>) {
  /** How many lines were left out of a message that waits. */
  const leftOut = new WeakMap<BuildMessage, number>()
  const queue: BuildMessage[] = []
  let sending: Promise<void> | undefined
  const drain = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const count = leftOut.get(next)
      if (count !== undefined && 'lines' in next) next.lines.unshift(`… ${count} lines are left out`)
      await send(next)
    }
    sending = undefined
  }
  const add = (message: BuildMessage): void => {
    queue.push(message)
    sending ??= Promise.resolve().then(drain)
  }
  return {
    add,
    line(text: string): void {
      const line = text.length > mostLine ? `${text.slice(0, mostLine)}…` : text
      const last = queue.at(-1)
      if (!last || !('lines' in last)) {
        add({ lines: [line] })
        return
      }
      last.lines.push(line)
      if (last.lines.length <= mostWaiting) return
      last.lines.splice(0, mostWaiting / 2)
      leftOut.set(last, (leftOut.get(last) ?? 0) + mostWaiting / 2)
    },
    sent: (): Promise<void> => sending ?? Promise.resolve(),
  }
}
