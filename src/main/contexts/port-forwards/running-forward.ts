import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { errorOf } from '#shared/client/answer-error.ts'
import type { Forward, ForwardTarget, SavedForward } from '#shared/contract/forwards.ts'
import { listenOnLoopback, type LoopbackListener } from '#main/cluster/index.ts'
import { whyRefused } from './local-port.ts'
import { createResolver, type Resolved } from './resolve.ts'

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
/** How often traffic is told while connections are open, ms. */
const trafficMs = 1_000
/** Replacements of pods that are remembered. */
const mostHealed = 20

type State = Pick<Forward, 'state' | 'reason' | 'pod' | 'holder' | 'alternative'>

/** One port of 127.0.0.1 and the pod that it leads to now. */
export class RunningForward {
  readonly id: string
  readonly target: ForwardTarget
  localPort: number
  readonly #options: PortForwardsOptions & { changed(): void }
  readonly #resolve: () => Promise<Resolved>
  readonly #open = new Set<Socket>()
  readonly #since: number
  #healed: Forward['healed'] = []
  #lastPod: string | undefined
  /** Of connections that are closed. */
  #closedBytes = 0
  #state: State = { state: 'connecting' }
  #listener: LoopbackListener | undefined
  #stopTimer: Stop | undefined
  #stopTraffic: Stop | undefined
  #retryMs = firstRetryMs
  #closed = false

  constructor(options: PortForwardsOptions & SavedForward & { changed(): void }) {
    this.id = options.id
    this.target = options.target
    this.localPort = options.localPort
    this.#options = options
    this.#since = options.clock.now()
    this.#resolve = createResolver(options.target, (path) => this.#read(path))
  }

  get isListening(): boolean {
    return this.#listener !== undefined
  }

  /**
   * @param port what is done when the wanted one is refused: it is an error, the next free one is taken, or it is waited for
   * @throws Error for the user
   */
  async listen(port: 'given' | 'free' | 'wait'): Promise<void> {
    const onConnection = (socket: Socket): void => void this.#carry(socket)
    const wanted = await listenOnLoopback(this.localPort, onConnection)
    if (!('refused' in wanted)) {
      this.#listener = wanted
      this.localPort = wanted.port
      return
    }
    const why = await whyRefused(this.localPort, wanted.refused)
    if (port === 'wait') {
      this.#become({ state: 'taken', ...(wanted.refused === 'taken' ? {} : { reason: wanted.message }), ...why })
      return
    }
    const instead = port === 'free' ? await listenOnLoopback(why.alternative ?? 0, onConnection) : wanted
    if ('refused' in instead)
      throw new Error(
        `port ${this.localPort} of 127.0.0.1 ${
          wanted.refused === 'taken'
            ? `is taken${why.holder ? ` by ${why.holder}` : ''}`
            : `cannot be used: ${wanted.message}`
        }`,
      )
    this.#listener = instead
    this.localPort = instead.port
  }

  view(): Forward {
    const { id, target, localPort } = this
    let bytes = this.#closedBytes
    for (const { bytesRead, bytesWritten } of this.#open) bytes += bytesRead + bytesWritten
    const connections = this.#open.size
    return { id, target, localPort, ...this.#state, connections, bytes, since: this.#since, healed: this.#healed }
  }

  /** Looks for the port and the target now, and again later. */
  check(): void {
    void this.#stopTimer?.()
    void this.#look()
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
    await this.#stopTraffic?.()
    for (const connection of this.#open) connection.destroy()
    await this.#listener?.stop()
  }

  async #look(): Promise<void> {
    if (!this.#listener) await this.listen('wait')
    if (!this.#listener) return
    if (this.#closed) await this.#listener.stop()
    else await this.#find()
  }

  /** @throws Error whose message becomes the reason */
  async #find(): Promise<Resolved> {
    try {
      const found = await this.#resolve()
      if (this.#lastPod !== undefined && this.#lastPod !== found.pod)
        this.#healed = [...this.#healed, { at: this.#options.clock.now(), from: this.#lastPod, to: found.pod }].slice(
          -mostHealed,
        )
      this.#lastPod = found.pod
      this.#become({ state: 'active', pod: found.pod })
      return found
    } catch (error) {
      this.#become({ state: 'retrying', reason: messageOf(error) })
      throw error
    }
  }

  #become(state: State): void {
    const { state: before, reason, pod, holder } = this.#state
    this.#state = state
    if (before !== state.state || reason !== state.reason || pod !== state.pod || holder !== state.holder)
      this.#options.changed()
  }

  #context(): ForwardContext {
    const context = this.#options.contextOf(this.target.context)
    if (!context) throw new Error('the cluster is not running')
    return context
  }

  async #read(path: string): Promise<unknown> {
    const { status, body } = await this.#context().request({ method: 'GET', path })
    if (status === 404) return undefined
    if (status >= 300) throw errorOf(status, body)
    return JSON.parse(body) as unknown
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
      this.#closedBytes += socket.bytesRead + socket.bytesWritten
      this.#options.changed()
    })
    this.#options.changed()
    this.#stopTraffic ??= this.#options.clock.after(trafficMs, () => this.#tellTraffic())
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

  #tellTraffic(): void {
    this.#stopTraffic = undefined
    if (this.#closed || this.#open.size === 0) return
    this.#options.changed()
    this.#stopTraffic = this.#options.clock.after(trafficMs, () => this.#tellTraffic())
  }
}
