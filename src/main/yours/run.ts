import { spawn, type ChildProcess } from 'node:child_process'
import { homedir } from 'node:os'
import { openApiDoor } from '#main/contexts/api-door.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import type { CommandMessage, OwnAction, RunRequest } from '#shared/contract/yours.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { fillCommand, readCommand } from '#shared/kube/own-command.ts'

export interface CommandIo {
  send(message: CommandMessage): Promise<void>
  signal: AbortSignal
}

/** How long a command has to end by itself once it is stopped, ms. */
const grace = 3_000

/**
 * Runs an action for an object: with the fields that the object has now, no shell in between, and a kubeconfig that leads to the
 * object's context alone and is gone with the run.
 */
export async function runAction(
  { action, context, request }: { action: OwnAction; context: KubeContext; request: RunRequest },
  { send, signal }: CommandIo,
): Promise<void> {
  const door = await openApiDoor(context)
  try {
    if (!action.readOnly) await context.requireWritable()
    const object = await readObject(context, request)
    requireNoSecret(action, object)
    const { words, env } = fillCommand(action.command, object)
    await send({ command: words })
    const place = { SLIPWAY_CONTEXT: context.info.name, KUBECONFIG: door.kubeconfig }
    await send({ ended: await runWords(words, { ...process.env, ...env, ...place }, { send, signal }) })
  } catch (error) {
    await send({ ended: { message: messageOf(error) } })
  } finally {
    await door.close()
  }
}

type Ended = Extract<CommandMessage, { ended: unknown }>['ended']

async function runWords(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  io: CommandIo,
): Promise<Ended> {
  if (io.signal.aborted) return {}
  // A group of its own, so that what it starts ends with it.
  const child = spawn(program, args, {
    cwd: homedir(),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
  const stop = (): void => end(child)
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    const ended = new Promise<Ended>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ message: error.code === 'ENOENT' ? `there is no program "${program}" on PATH` : error.message }),
      )
      child.once('close', (code, name) =>
        resolve(code === null ? { message: `ended by ${name ?? 'a signal'}` } : { code }),
      )
    })
    const copy = async (stream: NodeJS.ReadableStream): Promise<void> => {
      stream.setEncoding('utf8')
      // The reader's pace holds the command back.
      for await (const text of stream) await io.send({ text: text as string })
    }
    const [result] = await Promise.all([ended, copy(child.stdout), copy(child.stderr)])
    return result
  } catch (error) {
    // Nobody takes its output any more.
    stop()
    throw error
  } finally {
    io.signal.removeEventListener('abort', stop)
  }
}

function end(child: ChildProcess): void {
  const signalAll = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, name)
      else child.kill(name)
    } catch {
      // It has ended.
    }
  }
  signalAll('SIGTERM')
  const late = setTimeout(() => {
    signalAll('SIGKILL')
    // What has left the group may hold them open for ever.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, grace)
  child.once('close', () => clearTimeout(late))
}

interface Read {
  kind?: string
}

/** @throws Error with the server's reason */
async function readObject(context: KubeContext, { path }: RunRequest): Promise<Read> {
  const { status, body } = await context.request({ method: 'GET', path })
  const object = JSON.parse(body) as Read & { message?: string }
  if (status >= 400) throw new Error(object.message ?? `the server answers ${status}`)
  return object
}

/** What may be seen of a Secret. Its annotations may hold all of it. */
const harmless = /^\.?(?:kind|apiVersion|type|metadata\.(?:name|namespace|uid|creationTimestamp|labels\b[^*]*))$/

/** Others may see the arguments of a process. @throws Error for the user */
function requireNoSecret({ command }: OwnAction, { kind }: Read): void {
  if (kind !== 'Secret') return
  const fields = readCommand(command).flatMap(({ word }) => word.filter((part) => typeof part !== 'string'))
  const secret = fields.find(({ name }) => !harmless.test(name))
  if (secret) throw new Error(`${secret.name} of a Secret is not put into a command, whose arguments others may see`)
}
