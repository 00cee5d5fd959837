import { z } from 'zod'
import { downstream, procedure } from './stream.ts'

/** Ports of 127.0.0.1 that lead to pods, Services and workloads of any context, and go on when pods are replaced. */

const name = z.string().min(1).max(253)
const port = z.number().int().min(1).max(65_535)
const id = z.string().min(1).max(100)

export const forwardTarget = z.strictObject({
  context: z.string().min(1).max(300),
  namespace: name,
  kind: z.enum([
    'Pod',
    'Service',
    'Deployment',
    'ReplicaSet',
    'StatefulSet',
    'DaemonSet',
    'ReplicationController',
    'Job',
  ]),
  name,
  /** The Service's port, else the container's: by number, or by name. */
  port: z.union([port, z.string().min(1).max(63)]),
})
export type ForwardTarget = z.infer<typeof forwardTarget>

/** A forward as it is remembered. */
export const savedForward = z.object({
  id,
  target: forwardTarget,
  localPort: port,
  /** It does not start by itself. */
  stopped: z.boolean().optional(),
})
export type SavedForward = z.infer<typeof savedForward>

export const forward = z.object({
  id: z.string(),
  target: forwardTarget,
  /** Of 127.0.0.1. */
  localPort: z.number(),
  /** `taken`: another process has the port, which is tried again; `stopped`: remembered only. */
  state: z.enum(['connecting', 'active', 'retrying', 'taken', 'stopped']),
  /** Why it is retrying, for the user. */
  reason: z.string().optional(),
  /** The process that has the port: `redis-server (pid 2214)`. */
  holder: z.string().optional(),
  /** A port that is free, where the wanted one is taken. */
  alternative: z.number().optional(),
  /** The pod that new connections lead to. */
  pod: z.string().optional(),
  /** Connections that are open now. */
  connections: z.number(),
  /** Sent and received since it was opened. */
  bytes: z.number(),
  /** When it was opened, ms since the epoch. */
  since: z.number().optional(),
  /** The pods that were replaced meanwhile, newest last. */
  healed: z.array(z.object({ at: z.number(), from: z.string(), to: z.string() })),
})
export type Forward = z.infer<typeof forward>

export const forwards = {
  /** All forwards, again after each change. */
  watch: downstream({ open: z.strictObject({}), down: z.object({ forwards: z.array(forward) }) }),
  /** The same port as the target's, or the next free one, when `localPort` is unset; a given one that is taken is refused. */
  start: procedure.input(z.strictObject({ target: forwardTarget, localPort: port.optional() })).output(forward),
  /** Closes its connections; it stays remembered. */
  stop: procedure.input(z.strictObject({ id })).output(z.void()),
  /** Opens one that is stopped or whose port is taken, at another port when `localPort` is set. */
  resume: procedure.input(z.strictObject({ id, localPort: port.optional() })).output(forward),
  /** Closes its connections and forgets it. */
  forget: procedure.input(z.strictObject({ id })).output(z.void()),
  /** Whether a port of 127.0.0.1 is free; else who has it, and the next one that is. */
  port: procedure
    .input(z.strictObject({ port }))
    .output(z.object({ free: z.boolean(), holder: z.string().optional(), alternative: z.number().optional() })),
}
