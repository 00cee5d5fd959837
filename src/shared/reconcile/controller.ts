import type { BackoffOptions } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Stop } from '../base/disposable.ts'
import type { Log } from '../base/log.ts'
import type { Informer } from '../client/informer.ts'
import type { KubeObject, Stored } from '../kube/object.ts'
import { isConflict, isNotFound } from '../kube/error-kinds.ts'
import { ApiError } from '../kube/status.ts'
import { WorkQueue } from './queue.ts'

/** The result of a reconcile: done, or to be repeated after a time even if nothing changes. */
export type Outcome = { requeueAfter: number } | undefined

/** Brings the cluster to what the object of `key` asks for. Level-triggered: reads state anew, gets no event. */
export type Reconcile = (key: string) => Promise<Outcome>

/** The keys that a change of an object concerns. */
export type KeysOf<T extends KubeObject> = (object: Stored<T>) => string | Iterable<string> | undefined

/** Maps an informer's events to keys; made by `watch`. */
export interface Watch {
  synced: Promise<void>
  connect(enqueue: (key: string) => void): Stop
}

export interface ControllerOptions {
  name: string
  reconcile: Reconcile
  watches: readonly Watch[]
  /** Shares of informers that end with the controller. */
  shares?: readonly Pick<Informer, 'stop'>[]
  /** How many keys are processed at the same time; 1 when unset. */
  workers?: number
  backoff?: BackoffOptions
  clock: Clock
  log: Log
  /** Called when a reconcile begins and when it has ended; for metrics. */
  observe?: ((event: Reconciling | Reconciled) => void) | undefined
}

export interface Reconciling {
  controller: string
  key: string
  result: 'running'
}

export interface Reconciled {
  controller: string
  key: string
  /** Time in the queue. */
  waitedMs: number
  ms: number
  result: 'done' | 'requeued' | 'conflict' | 'failed' | 'terminal'
  /** Keys still queued. */
  depth: number
}

export interface Controller {
  /** Asks for a reconcile of `key`, now or in `afterMs`. */
  enqueue(key: string, afterMs?: number): void
  /** Ends the watches; resolves when the running reconciles have ended. */
  stop(): Promise<void>
}

/** Thrown by a reconcile that would fail the same way again: logged, and not retried until something changes. */
export class TerminalError extends Error {}

/**
 * The keys of an informer's objects; of an update, the keys of both states.
 * @param matters which updates cause a reconcile; all when unset.
 */
export function watch<T extends KubeObject>(
  informer: Informer<T>,
  keysOf: KeysOf<T>,
  matters?: (previous: Stored<T>, object: Stored<T>) => boolean,
): Watch {
  return {
    synced: informer.synced,
    connect(enqueue) {
      const enqueueAll = (object: Stored<T>): void => {
        const keys = keysOf(object)
        if (typeof keys === 'string') enqueue(keys)
        else if (keys) for (const key of keys) enqueue(key)
      }
      return informer.onChange({
        added: enqueueAll,
        updated(previous, object) {
          if (matters && !matters(previous, object)) return
          enqueueAll(previous)
          enqueueAll(object)
        },
        deleted: enqueueAll,
      })
    },
  }
}

/**
 * The loop of every controller: keys from the watches, `workers` reconciles at a time, failures retried with back-off.
 * Nothing is reconciled before every watched informer has synced.
 */
export function runController(options: ControllerOptions): Controller {
  const { name, reconcile, clock } = options
  const log = options.log.child({ controller: name })
  const workers = options.workers ?? 1
  const active = new Set<Promise<void>>()
  let ready = false
  let stopped = false
  let pumping = false

  const queue = new WorkQueue({ clock, backoff: options.backoff, wake: schedulePump })

  /** Runs after the batch of events that is being delivered, so that its duplicates are queued once. */
  function schedulePump(): void {
    if (pumping || !ready || stopped) return
    pumping = true
    queueMicrotask(pump)
  }

  function pump(): void {
    pumping = false
    while (!stopped && active.size < workers) {
      const key = queue.take()
      if (key === undefined) return
      const work = workOn(key).finally(() => {
        active.delete(work)
        if (queue.depth > 0) schedulePump()
      })
      active.add(work)
    }
  }

  async function workOn(key: string): Promise<void> {
    const started = clock.now()
    const waitedMs = queue.waited(key)
    options.observe?.({ controller: name, key, result: 'running' })
    const result = await attempt(key)
    queue.done(key)
    options.observe?.({ controller: name, key, waitedMs, ms: clock.now() - started, result, depth: queue.depth })
  }

  async function attempt(key: string): Promise<Reconciled['result']> {
    try {
      const outcome = await reconcile(key)
      queue.forget(key)
      if (!outcome) return 'done'
      if (!stopped) queue.addAfter(key, outcome.requeueAfter)
      return 'requeued'
    } catch (error) {
      return failed(key, error)
    }
  }

  function failed(key: string, error: unknown): Reconciled['result'] {
    if (stopped) return 'failed'
    if (error instanceof TerminalError) {
      queue.forget(key)
      log.error('gave up', { key, error: error.message })
      return 'terminal'
    }
    const delay = queue.retry(key)
    // Expected: another client has changed or deleted the object since it was read.
    if (isConflict(error) || isNotFound(error)) return 'conflict'
    log.warn('reconcile failed', { key, retryInMs: delay, error: describe(error) })
    return 'failed'
  }

  const connections = options.watches.map((source) => source.connect((key) => queue.add(key)))
  void Promise.all(options.watches.map((source) => source.synced)).then(() => {
    ready = true
    if (queue.depth > 0) schedulePump()
  })

  return {
    enqueue(key, afterMs = 0) {
      if (!stopped) queue.addAfter(key, afterMs)
    },
    async stop() {
      stopped = true
      for (const disconnect of connections) void disconnect()
      queue.clear()
      // Ends reconciles that wait for an informer to catch up.
      for (const informer of options.shares ?? []) informer.stop()
      await Promise.all(active)
    },
  }
}

function describe(error: unknown): string {
  if (error instanceof ApiError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
