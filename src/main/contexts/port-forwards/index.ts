import { randomUUID } from 'node:crypto'
import type { Stop } from '#shared/base/disposable.ts'
import type { Forward, ForwardTarget, SavedForward } from '#shared/contract/forwards.ts'
import { RunningForward, type ForwardContext, type PortForwardsOptions } from './running-forward.ts'

export type { ForwardContext }

/** Ports of 127.0.0.1 that lead to pods. */
export interface PortForwards {
  list(): Forward[]
  onChange(listener: () => void): Stop
  /** Listens at once; the target is looked for from then on. @throws Error for the user when the port cannot be had */
  start(target: ForwardTarget, localPort?: number): Promise<Forward>
  /** Closes a forward, which stays remembered. */
  stop(id: string): Promise<void>
  /** Opens a remembered one. @throws Error for the user when the port cannot be had */
  resume(id: string, localPort?: number): Promise<Forward>
  /** Closes a forward and forgets it. */
  forget(id: string): Promise<void>
  /** Closes all; those that are not stopped come back at the next start. */
  close(): Promise<void>
}

/** Starts the remembered forwards, and serves further ones. */
export async function openPortForwards(options: PortForwardsOptions): Promise<PortForwards> {
  const known = new Map<string, { saved: SavedForward; running?: RunningForward }>()
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const save = (): Promise<void> => options.saved.write([...known.values()].map(({ saved }) => saved))
  const viewOf = ({ saved, running }: { saved: SavedForward; running?: RunningForward }): Forward =>
    running?.view() ?? {
      id: saved.id,
      target: saved.target,
      localPort: saved.localPort,
      state: 'stopped',
      connections: 0,
      bytes: 0,
      healed: [],
    }

  /** @param port `given`: it is this one or an error; `free`: or the next free one; `wait`: or none until it is free */
  async function open({ stopped: _, ...saved }: SavedForward, port: 'given' | 'free' | 'wait'): Promise<Forward> {
    const running = new RunningForward({ ...options, ...saved, changed })
    await running.listen(port)
    const entry = { saved: { ...saved, localPort: running.localPort }, running }
    known.set(saved.id, entry)
    running.check()
    changed()
    return viewOf(entry)
  }
  for (const saved of await options.saved.read())
    if (saved.stopped) known.set(saved.id, { saved })
    else await open(saved, 'wait')

  return {
    list: () => [...known.values()].map(viewOf),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async start(target, localPort) {
      const wanted = localPort ?? (typeof target.port === 'number' ? target.port : 0)
      const given = localPort === undefined ? 'free' : 'given'
      const forward = await open({ id: randomUUID(), target, localPort: wanted }, given)
      await save()
      return forward
    },
    async stop(id) {
      const entry = known.get(id)
      if (!entry?.running) return
      known.set(id, { saved: { ...entry.saved, stopped: true } })
      await entry.running.close()
      await save()
      changed()
    },
    async resume(id, localPort) {
      const entry = known.get(id)
      if (!entry) throw new Error('this port-forward was forgotten')
      if (entry.running?.isListening) return viewOf(entry)
      await entry.running?.close()
      const forward = await open({ ...entry.saved, localPort: localPort ?? entry.saved.localPort }, 'given').catch(
        async (error: unknown) => {
          if (entry.running) await open(entry.saved, 'wait')
          throw error
        },
      )
      await save()
      return forward
    },
    async forget(id) {
      const entry = known.get(id)
      known.delete(id)
      await entry?.running?.close()
      if (entry) await save()
      changed()
    },
    async close() {
      await Promise.all([...known.values()].map(async ({ running }) => running?.close()))
      known.clear()
    },
  }
}
