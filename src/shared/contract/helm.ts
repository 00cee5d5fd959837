import { z } from 'zod'
import { downstream, procedure } from './stream.ts'

/** Helm releases of any context, and the charts that they are made of. */

const context = z.string().min(1).max(300)
/** Helm's own rule: a DNS name of at most 53 characters. */
export const releaseName = z
  .string()
  .max(53)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
const releaseRef = z.strictObject({ context, namespace, name: releaseName })
const revision = z.number().int().min(1)
/** A word of a command line that cannot be taken for an option. */
const word = z
  .string()
  .min(1)
  .max(2_000)
  .regex(/^[^-\s][^\n\r]*$/)
const values = z.string().max(2_000_000)

/** The programs that Helm and Kustomize need here, or what can be done where they are missing. */
export const helmPrograms = z.object({
  helm: z.object({ path: z.string(), version: z.string(), from: z.enum(['path', 'fetched']) }).optional(),
  /** Why a program that was found cannot be used. */
  problem: z.string().optional(),
  /** What would be fetched, once the user says so; unset where there is nothing for this machine. */
  offer: z.object({ version: z.string(), url: z.string() }).optional(),
  /** Path of kubectl. */
  kubectl: z.string().optional(),
})
export type HelmPrograms = z.infer<typeof helmPrograms>

export const helmRevision = z.object({
  revision: z.number(),
  /** As Helm writes it: `deployed`, `pending-upgrade`, `failed` … */
  status: z.string(),
  chart: z.string(),
  chartVersion: z.string(),
  appVersion: z.string(),
  /** ms since the epoch. */
  updated: z.number(),
  description: z.string(),
})
export type HelmRevision = z.infer<typeof helmRevision>

export const helmRelease = helmRevision.extend({ namespace: z.string(), name: z.string() })
export type HelmRelease = z.infer<typeof helmRelease>

export const helmAction = z.enum(['install', 'upgrade', 'rollback', 'uninstall', 'test'])
export type HelmAction = z.infer<typeof helmAction>

/** A run of the program, also after its end. */
export const helmOperation = z.object({
  id: z.string(),
  action: helmAction,
  context: z.string(),
  namespace: z.string(),
  name: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** ms since the epoch. */
  startedAt: z.number(),
  endedAt: z.number().optional(),
  /** Why it failed, in Helm's words. */
  error: z.string().optional(),
})
export type HelmOperation = z.infer<typeof helmOperation>

const objectRef = { apiVersion: z.string(), kind: z.string(), namespace: z.string().optional(), name: z.string() }

/** An object of a manifest on both sides of a change, as YAML; values of Secrets are hidden. */
export const helmChange = z.object({
  ...objectRef,
  change: z.enum(['created', 'changed', 'deleted', 'same']),
  before: z.string(),
  after: z.string(),
})
export type HelmChange = z.infer<typeof helmChange>

export const helmHook = z.object({
  kind: z.string(),
  name: z.string(),
  /** `pre-upgrade`, `test` … */
  events: z.array(z.string()),
  /** How its last run ended: `Succeeded`, `Failed`. */
  phase: z.string().optional(),
})
export type HelmHook = z.infer<typeof helmHook>

export const helmReleaseDetails = helmRelease.extend({
  objects: z.array(z.object(objectRef)),
  hooks: z.array(helmHook),
  /** What the user has set, as YAML. */
  values: z.string(),
  /** Values of Secrets are hidden. */
  manifest: z.string(),
  notes: z.string(),
  home: z.string().optional(),
  chartDescription: z.string().optional(),
  /** Whether the release has its whole chart, so that its values can be changed without another source. */
  hasChart: z.boolean(),
})
export type HelmReleaseDetails = z.infer<typeof helmReleaseDetails>

export const helmRepository = z.object({ name: z.string(), url: z.string() })
export type HelmRepository = z.infer<typeof helmRepository>

export const foundChart = z.object({
  /** `repository/chart` */
  name: z.string(),
  version: z.string(),
  appVersion: z.string(),
  description: z.string(),
})
export type FoundChart = z.infer<typeof foundChart>

/** Where a chart is: `repository/chart`, `oci://…`, an address, a folder or archive of this machine, or what a release was made of. */
const chartSource = z.union([
  z.strictObject({ ref: word, version: word.optional() }),
  z.strictObject({ release: releaseRef }),
])
export type ChartSource = z.infer<typeof chartSource>

export const openedChart = z.object({
  /** By which it is rendered and installed, as it was when it was opened. */
  id: z.string(),
  name: z.string(),
  version: z.string(),
  appVersion: z.string(),
  description: z.string(),
  home: z.string().optional(),
  deprecated: z.boolean(),
  /** Its values.yaml. */
  values: z.string(),
  /** JSON of its values.schema.json. */
  schema: z.string().optional(),
  readme: z.string().optional(),
  /** Files of custom resource definitions. */
  definitions: z.number(),
  /** Size of the archive, bytes; unset for a folder. */
  bytes: z.number().optional(),
})
export type OpenedChart = z.infer<typeof openedChart>

const planned = { context, namespace, name: releaseName, chart: z.string().max(100), values }
const wait = { wait: z.boolean(), /** s */ timeout: z.number().int().min(1).max(86_400) }

const start = z.union([
  z.strictObject({
    ...{ action: z.literal('install'), ...planned, ...wait },
    createNamespace: z.boolean(),
    /** Takes back what was done when it fails. */
    rollBack: z.boolean(),
  }),
  z.strictObject({ action: z.literal('upgrade'), ...planned, ...wait, rollBack: z.boolean() }),
  z.strictObject({ action: z.literal('rollback'), ...releaseRef.shape, ...wait, revision }),
  z.strictObject({ action: z.literal('uninstall'), ...releaseRef.shape, ...wait, keepHistory: z.boolean() }),
  z.strictObject({ action: z.literal('test'), ...releaseRef.shape, timeout: wait.timeout }),
])
export type HelmStart = z.infer<typeof start>

/** Arguments of programs can be seen by others, passwords on standard input cannot. */
const repositoryUrl = z.url({ protocol: /^https?$/ }).refine((url) => !/^\w+:\/\/[^/?#]*@/.test(url), {
  error: 'an address without user and password: these have fields of their own',
})
const login = z.strictObject({ username: z.string().min(1).max(300), password: z.string().min(1).max(10_000) })

export const helm = {
  programs: procedure.output(helmPrograms),
  /** Fetches the offered program into the data folder, once its checksum is right. */
  fetchProgram: procedure.output(helmPrograms),

  /** The releases of some namespaces (none = all) and the runs of the program, again after each change. Read without the program. */
  watch: downstream({
    open: z.strictObject({ context, namespaces: z.array(z.string().max(63)).max(100) }),
    down: z.object({
      releases: z.array(helmRelease),
      operations: z.array(helmOperation),
      /** Why the Secrets that hold releases cannot be read. */
      unread: z.string().optional(),
    }),
  }),
  /** A release at a revision; at its newest when unset. Read without the program. */
  release: procedure.input(releaseRef.extend({ revision: revision.optional() })).output(helmReleaseDetails),
  /** The revisions of a release, newest first. */
  history: procedure.input(releaseRef).output(z.object({ revisions: z.array(helmRevision) })),
  /** What the objects of one revision differ in from those of another. */
  difference: procedure
    .input(releaseRef.extend({ from: revision, to: revision }))
    .output(z.object({ changes: z.array(helmChange) })),

  repositories: procedure.output(z.object({ repositories: z.array(helmRepository) })),
  addRepository: procedure
    .input(z.strictObject({ name: word, url: repositoryUrl, login: login.optional() }))
    .output(z.void()),
  removeRepository: procedure.input(z.strictObject({ name: word })).output(z.void()),
  /** Reads the indexes of all repositories again. */
  updateRepositories: procedure.output(z.void()),
  /** Signs in to an OCI registry, as `helm registry login` does. */
  signIn: procedure.input(z.strictObject({ host: word, login })).output(z.void()),
  /** Charts of the repositories whose name or description has the words; all of them for ''. */
  search: procedure
    .input(z.strictObject({ text: z.string().max(200) }))
    .output(z.object({ charts: z.array(foundChart) })),
  /** All versions of a chart of a repository, newest first. */
  versions: procedure.input(z.strictObject({ chart: word })).output(z.object({ charts: z.array(foundChart) })),
  openChart: procedure.input(z.strictObject({ source: chartSource })).output(openedChart),

  /** What an install or upgrade would do, as the server says it: a dry run. */
  render: procedure
    .input(z.strictObject({ ...planned, action: z.enum(['install', 'upgrade']) }))
    .output(z.object({ changes: z.array(helmChange), hooks: z.array(helmHook), notes: z.string() })),
  start: procedure.input(start).output(helmOperation),
  /** What the program says, from the beginning; `operation` is last, when it has ended. */
  follow: downstream({
    open: z.strictObject({ id: z.string().max(100) }),
    down: z.union([z.object({ line: z.string() }), z.object({ operation: helmOperation })]),
  }),
  /** Asks the program to end, as Ctrl+C does. */
  cancel: procedure.input(z.strictObject({ id: z.string().max(100) })).output(z.void()),

  /** The objects of a folder with a kustomization, as `kubectl kustomize` writes them. */
  kustomize: procedure.input(z.strictObject({ folder: word })).output(z.object({ manifest: z.string() })),
}
