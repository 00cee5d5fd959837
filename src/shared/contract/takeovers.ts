import { z } from 'zod'
import { procedure } from './stream.ts'

/** The traffic of a Service of a local cluster, taken to ports of this machine and given back. */

const context = z.string().min(1).max(300)
const name = z.string().min(1).max(253)
const port = z.number().int().min(1).max(65_535)
const service = z.strictObject({ context, namespace: name, name })

/** A port of the Service, by number or name; empty for the only one. */
export const takenPort = z.strictObject({ port: z.string().max(63), hostPort: port })

export const takeovers = {
  /** Returns once the Service selects the pod that stands in. */
  take: procedure.input(service.extend({ ports: z.array(takenPort).min(1).max(50) })).output(z.void()),
  giveBack: procedure.input(service).output(z.void()),
  /**
   * Whether pods reach a port of this machine: `loopback` where a program listens for this machine alone, which pods are not.
   */
  hostPort: procedure
    .input(z.strictObject({ port }))
    .output(z.object({ state: z.enum(['open', 'loopback', 'closed', 'unknown']), holder: z.string().optional() })),
}
