import { z } from 'zod'
import { rolledKinds } from '../kube/rebuild.ts'
import { downstream, procedure } from './stream.ts'

/** Images that are built from a folder of this machine, and deployed. */

const name = z.string().min(1).max(253)
const folder = z.string().min(1).max(4_096)

/** A new Deployment, with a Service where it has a port; or the image of a container of what is there. */
const deployment = z.union([
  z.strictObject({
    create: z.strictObject({
      namespace: name,
      name,
      replicas: z.number().int().min(0).max(1_000),
      port: z.number().int().min(1).max(65_535).optional(),
    }),
  }),
  z.strictObject({ update: z.strictObject({ namespace: name, kind: z.enum(rolledKinds), name, container: name }) }),
])
export type BuildDeployment = z.infer<typeof deployment>

export const buildRequest = z.strictObject({
  context: z.string().min(1).max(300),
  /** Absolute, or from `~`. */
  folder,
  /** Within the folder; `Dockerfile` when unset. */
  dockerfile: z.string().min(1).max(4_096).optional(),
  /** The name that the image gets: `shop:dev`; with a registry for clusters of other machines. */
  image: z.string().min(1).max(1_000),
  deploy: deployment.optional(),
})
export type BuildRequest = z.infer<typeof buildRequest>

export const buildSteps = ['build', 'push', 'load', 'deploy'] as const
export type BuildStep = (typeof buildSteps)[number]

const buildMessage = z.union([
  /** A step begins; the one before it is done. */
  z.object({ step: z.enum(buildSteps) }),
  z.object({ lines: z.array(z.string()) }),
  /** Last message. */
  z.object({ done: z.object({ ms: z.number() }) }),
  /** Last message, for the user. */
  z.object({ failed: z.string() }),
])
export type BuildMessage = z.infer<typeof buildMessage>

export const builds = {
  /** What a folder has to build. */
  look: procedure.input(z.strictObject({ folder })).output(
    z.object({
      /** Absolute. */
      folder: z.string(),
      /** Why nothing can be built of it, for the user. */
      problem: z.string().optional(),
      dockerfiles: z.array(z.string()),
      /** A name for its image, and one for what runs it. */
      image: z.string(),
      name: z.string(),
      /** The first port that its Dockerfile exposes. */
      port: z.number().optional(),
      builder: z.enum(['buildkit', 'engine']),
    }),
  ),
  /** Builds, then loads into the workers (or pushes to the registry), then deploys. It is cancelled when the reader leaves. */
  run: downstream({ open: buildRequest, down: buildMessage }),
}
