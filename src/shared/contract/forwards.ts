import { z } from 'zod'
import { downstream, procedure } from './stream.ts'

/** Ports of 127.0.0.1 that lead to pods, Services and workloads of any context, and go on when pods are replaced. */

const name = z.string().min(1).max(253)
const port = z.number().int().min(1).max(65_535)

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
export const savedForward = z.object({ id: z.string().min(1).max(100), target: forwardTarget, localPort: port })
export type SavedForward = z.infer<typeof savedForward>

export const forward = z.object({
  id: z.string(),
  target: forwardTarget,
  /** Of 127.0.0.1. */
  localPort: z.number(),
  state: z.enum(['connecting', 'active', 'retrying']),
  /** Why it is retrying, for the user. */
  reason: z.string().optional(),
  /** The pod that new connections lead to. */
  pod: z.string().optional(),
  /** Connections that are open now. */
  connections: z.number(),
})
export type Forward = z.infer<typeof forward>

export const forwards = {
  /** All forwards, again after each change. */
  watch: downstream({ open: z.strictObject({}), down: z.object({ forwards: z.array(forward) }) }),
  /** The same port as the target's, or the next free one, when `localPort` is unset; a given one that is taken is refused. */
  start: procedure.input(z.strictObject({ target: forwardTarget, localPort: port.optional() })).output(forward),
  /** Closes its connections and forgets it. */
  stop: procedure.input(z.strictObject({ id: z.string().min(1).max(100) })).output(z.void()),
}
