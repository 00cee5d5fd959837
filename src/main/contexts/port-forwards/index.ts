import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Forward, ForwardTarget, SavedForward } from '#shared/contract/forwards.ts'
import { holderOf, listenOnLoopback, type LoopbackListener } from '#main/cluster/index.ts'
import { createResolver, type Resolved } from './resolve.ts'

/** Ports of 127.0.0.1 that lead to pods. */
export interface PortForwards {
  list(): Forward[]
  onChange(listener: () => void): Stop
  /** Listens at once; the target is looked for from then on. @throws Error for the user when the port cannot be had */
  start(target: ForwardTarget, localPort?: number): Promise<Forward>
  /** Closes a forward and forgets it. */
  stop(id: string): Promise<void>
  /** Closes all; they come back at the next start. */
  close(): Promise<void>
}

/** What a forward needs of a context. */
export interface ForwardContext {
  request(request: { method: 'GET'; path: string }): Promise<{ status: number; body: string }>
  /** Opens a connection to a port of a pod. @throws Error */
  forwardPort(pod: { namespace: string; pod: string; port: number }): Promise<Duplex>
}

export interface PortForwardsOptions {
  /** Undefined while the context is not there, such as a cluster that is stopped. */
  contextOf(id: string): ForwardContext | undefined
  saved: { read(): Promise<SavedForward[]>; write(forwards: SavedForward[]): Promise<void> }
  clock: Clock
}

/** How often a forward looks whether its target is still there, ms; more often while it is not. */
const checkMs = 10_000
const [firstRetryMs, lastRetryMs] = [500, 8_000]
const mostConnections = 256

/** Starts the remembered forwards, and serves further ones. */
export async function openPortForwards(options: PortForwardsOptions): Promise<PortForwards> {
  const running = new Map<string, RunningForward>()
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const save = (): Promise<void> =>
    options.saved.write([...running.values()].map(({ id, target, localPort }) => ({ id, target, localPort })))

  async function open(saved: SavedForward, isGiven: boolean): Promise<RunningForward> {
    const forward = new RunningForward({ ...options, ...saved, changed })
    await forward.listen(isGiven)
    running.set(forward.id, forward)
    forward.check()
    changed()
    return forward
  }
  for (const saved of await options.saved.read()) await open(saved, false).catch(() => undefined)

  return {
    list: () => [...running.values()].map((forward) => forward.view()),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async start(target, localPort) {
      const wanted = localPort ?? (typeof target.port === 'number' ? target.port : 0)
      const forward = await open({ id: randomUUID(), target, localPort: wanted }, localPort !== undefined)
      await save()
      return forward.view()
    },
    async stop(id) {
      const forward = running.get(id)
      running.delete(id)
      await forward?.close()
      if (forward) await save()
      changed()
    },
    async close() {
      await Promise.all([...running.values()].map((forward) => forward.close()))
      running.clear()
    },
  }
}

class RunningForward {
  readonly id: string
  readonly target: ForwardTarget
  localPort: number
  readonly #options: PortForwardsOptions & { changed(): void }
  readonly #resolve: () => Promise<Resolved>
  readonly #open = new Set<Duplex>()
  #state: Pick<Forward, 'state' | 'reason' | 'pod'> = { state: 'connecting' }
  #listener: LoopbackListener | undefined
  #stopTimer: Stop | undefined
  #retryMs = firstRetryMs
  #closed = false

  constructor(options: PortForwardsOptions & SavedForward & { changed(): void }) {
    this.id = options.id
    this.target = options.target
    this.localPort = options.localPort
    this.#options = options
    this.#resolve = createResolver(options.target, (path) => this.#read(path))
  }

  /** @param isGiven whether the user chose the port @throws Error for the user */
  async listen(isGiven: boolean): Promise<void> {
    const wanted = await listenOnLoopback(this.localPort, (socket) => void this.#carry(socket))
    if ('refused' in wanted && isGiven) {
      const holder = wanted.refused === 'taken' ? await holderOf(this.localPort) : undefined
      const why =
        wanted.refused === 'taken' ? `is taken${holder ? ` by ${holder}` : ''}` : `cannot be used: ${wanted.message}`
      throw new Error(`port ${this.localPort} of 127.0.0.1 ${why}`)
    }
    const listener = 'refused' in wanted ? await listenOnLoopback(0, (socket) => void this.#carry(socket)) : wanted
    if ('refused' in listener) throw new Error(listener.message)
    this.#listener = listener
    this.localPort = listener.port
  }

  view(): Forward {
    const { id, target, localPort } = this
    return { id, target, localPort, ...this.#state, connections: this.#open.size }
  }

  /** Looks for the target now, and again later. */
  check(): void {
    void this.#stopTimer?.()
    void this.#find()
      .catch(() => undefined)
      .then(() => {
        if (this.#closed) return
        const isActive = this.#state.state === 'active'
        this.#retryMs = isActive ? firstRetryMs : Math.min(this.#retryMs * 2, lastRetryMs)
        this.#stopTimer = this.#options.clock.after(isActive ? checkMs : this.#retryMs, () => this.check())
      })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#stopTimer?.()
    for (const connection of this.#open) connection.destroy()
    await this.#listener?.stop()
  }

  /** @throws Error whose message becomes the reason */
  async #find(): Promise<Resolved> {
    try {
      const found = await this.#resolve()
      this.#become({ state: 'active', pod: found.pod })
      return found
    } catch (error) {
      this.#become({ state: 'retrying', reason: messageOf(error) })
      throw error
    }
  }

  #become(state: Pick<Forward, 'state' | 'reason' | 'pod'>): void {
    const { state: before, reason, pod } = this.#state
    this.#state = state
    if (before !== state.state || reason !== state.reason || pod !== state.pod) this.#options.changed()
  }

  #context(): ForwardContext {
    const context = this.#options.contextOf(this.target.context)
    if (!context) throw new Error('the cluster is not running')
    return context
  }

  async #read(path: string): Promise<unknown> {
    const { status, body } = await this.#context().request({ method: 'GET', path })
    if (status === 404) return undefined
    const parsed = JSON.parse(body) as { message?: string }
    if (status >= 300) throw new Error(parsed.message ?? `the server responded with ${status}`)
    return parsed
  }

  /** Each connection looks for the target anew, so that it never leads to a pod that was replaced. */
  async #carry(socket: Socket): Promise<void> {
    if (this.#open.size >= mostConnections) {
      socket.destroy()
      return
    }
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#options.changed()
    })
    this.#options.changed()
    try {
      const { pod, port } = await this.#find()
      const remote = await this.#context().forwardPort({ namespace: this.target.namespace, pod, port })
      if (remote.destroyed) throw remote.errored ?? new Error('the pod closed the connection')
      if (socket.destroyed) {
        remote.destroy()
        return
      }
      remote.on('error', (error) => {
        this.#become({ state: 'retrying', reason: error.message })
        socket.resetAndDestroy()
        if (!this.#closed) this.check()
      })
      socket.once('close', () => remote.destroy())
      remote.once('close', () => socket.end())
      socket.pipe(remote)
      remote.pipe(socket)
    } catch (error) {
      this.#become({ state: 'retrying', reason: messageOf(error) })
      socket.resetAndDestroy()
    }
  }
}
