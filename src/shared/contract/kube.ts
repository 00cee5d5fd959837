import { z } from 'zod'
import { downstream, duplex, procedure } from './stream.ts'

/** Kubernetes through the bridge: the same calls for a local cluster and for any context of a kubeconfig. */

const context = z.string().min(1).max(300)
const apiPath = z
  .string()
  .max(8_000)
  .regex(/^\/(api|apis|openapi|version|healthz|livez|readyz)(\/|\?|$)/)
const name = z.string().min(1).max(253)

export const contextInfo = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['local', 'kubeconfig']),
  server: z.string(),
  namespace: z.string().optional(),
  simulated: z.boolean(),
  /** Of a kubeconfig context: the file that it is written in, its cluster and its user. */
  file: z.string().optional(),
  cluster: z.string().optional(),
  user: z.string().optional(),
  /** Whether kubectl uses it when it is told nothing else. */
  current: z.boolean().optional(),
  /** Command of its credential plugin, which may open a browser. */
  plugin: z.string().optional(),
  /** Its auth provider: `oidc`. */
  provider: z.string().optional(),
  /** When its client certificate ends, ms since the epoch. */
  certificateExpiresAt: z.number().optional(),
  /** Where its Ingresses and Gateways are served on this machine: `http://localhost:8080`. */
  ingress: z.string().optional(),
})
export type ContextInfo = z.infer<typeof contextInfo>

export const containerRef = z.strictObject({
  context,
  namespace: name,
  pod: name,
  container: name.optional(),
})

export const logOptions = containerRef.extend({
  follow: z.boolean().optional(),
  previous: z.boolean().optional(),
  timestamps: z.boolean().optional(),
  sinceSeconds: z.number().int().positive().optional(),
  sinceTime: z.string().optional(),
  tailLines: z.number().int().min(0).optional(),
})
export type LogOptions = z.infer<typeof logOptions>

export const execOptions = containerRef.extend({
  command: z.array(z.string()).min(1),
  tty: z.boolean(),
  /** The pod was made for this terminal: it is deleted once the reader has left. */
  ownPod: z.boolean().optional(),
})
export type ExecOptions = z.infer<typeof execOptions>

/** To the program that a container runs already; `tty` as the container has it. */
export const attachOptions = containerRef.extend({ tty: z.boolean() })
export type AttachOptions = z.infer<typeof attachOptions>

export const terminalInput = z.union([
  z.strictObject({ stdin: z.string().max(1_000_000) }),
  z.strictObject({ resize: z.strictObject({ columns: z.number().int().min(1), rows: z.number().int().min(1) }) }),
  /** End of standard input. */
  z.strictObject({ eof: z.literal(true) }),
])
export type TerminalInput = z.infer<typeof terminalInput>

export const terminalOutput = z.union([
  /** UTF-8 text; a character never straddles two messages. */
  z.object({ stdout: z.string() }),
  z.object({ stderr: z.string() }),
  /** Last message: exit code where the process ended by itself, else the server's reason. */
  z.object({ exit: z.object({ code: z.number().optional(), message: z.string().optional() }) }),
])
export type TerminalOutput = z.infer<typeof terminalOutput>

/** Whether a node can take a pod: `plugin` is the first filter that refuses it, with its reasons. */
export const verdict = z.object({ node: z.string(), plugin: z.string().optional(), reasons: z.array(z.string()) })
export type Verdict = z.infer<typeof verdict>

export const kube = {
  /** What the scheduler's own filters say of a pod on each node, as if it came anew; null where the scheduler is not Slipway's. */
  judge: procedure
    .input(z.strictObject({ context, namespace: z.string().min(1).max(253), pod: z.string().min(1).max(253) }))
    .output(z.object({ scheduler: z.string(), nodes: z.array(verdict) }).nullable()),
  /** One request. A read-only context refuses writes with 403. Never throws for an HTTP status: `body` is then the server's Status. JSON as text, parsed by the face. */
  request: procedure
    .input(
      z.strictObject({
        context,
        method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
        path: apiPath,
        body: z.string().max(4_000_000).optional(),
        contentType: z.string().max(100).optional(),
        accept: z.string().max(400).optional(),
      }),
    )
    .output(z.object({ status: z.number(), body: z.string(), warnings: z.array(z.string()) })),
  /** `events` is newline-delimited JSON of watch events; `closed` is last, with the server's Status JSON if there was one. */
  watch: downstream({
    open: z.strictObject({ context, path: apiPath, accept: z.string().max(400).optional() }),
    down: z.union([z.object({ events: z.string() }), z.object({ closed: z.string().optional() })]),
  }),
  /** Text of a container's log; `ended` is last, with the server's reason if it failed. */
  logs: downstream({
    open: logOptions,
    down: z.union([z.object({ text: z.string() }), z.object({ ended: z.string().optional() })]),
  }),
  exec: duplex({ open: execOptions, up: terminalInput, down: terminalOutput }),
  attach: duplex({ open: attachOptions, up: terminalInput, down: terminalOutput }),
}
