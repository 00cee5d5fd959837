import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { messageOf } from '#shared/base/message-of.ts'
import { nestsTooDeep } from '../yaml-depth.ts'

/** The entries of kubeconfig files, as `clientcmd/api/v1` of client-go names their fields. */

const text = z.string().nullish()
const flag = z.boolean().nullish()

const cluster = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': flag,
  'tls-server-name': text,
  'proxy-url': text,
  'disable-compression': flag,
  extensions: z.array(z.object({ name: z.string(), extension: z.unknown() })).nullish(),
})
export type KubeconfigCluster = z.infer<typeof cluster>

const execPlugin = z.object({
  apiVersion: text,
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: z.enum(['Never', 'IfAvailable', 'Always']).nullish(),
})
export type ExecPlugin = z.infer<typeof execPlugin>

const user = z.object({
  token: text,
  tokenFile: text,
  /** Which no server of today takes. */
  username: text,
  password: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  as: text,
  'as-uid': text,
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
  exec: execPlugin.nullish(),
  'auth-provider': z.object({ name: z.string(), config: z.record(z.string(), z.string()).nullish() }).nullish(),
})
export type KubeconfigUser = z.infer<typeof user>

const context = z.object({ cluster: z.string(), user: text, namespace: text })

/** One context with what it refers to, and the file that it is written in. */
export interface Entry {
  name: string
  file: string
  /** Whether `current-context` names it. */
  current: boolean
  namespace?: string
  clusterName: string
  userName?: string
  /** The file that its user is written in. */
  userFile?: string
  cluster: KubeconfigCluster
  user: KubeconfigUser
  /** Folder that relative commands of its plugin begin at. */
  folder: string
}

/** A file or a context that cannot be used, and why. */
export interface Problem {
  file: string
  context?: string
  reason: string
}

export interface Merged {
  entries: Entry[]
  problems: Problem[]
}

/** The parts of one file, unchecked but for their names. */
export interface ConfigFile {
  file: string
  currentContext?: string
  clusters: Map<string, unknown>
  users: Map<string, unknown>
  contexts: Map<string, unknown>
}

const named = z.array(z.looseObject({ name: z.string() })).nullish()
const config = z.looseObject({ clusters: named, users: named, contexts: named, 'current-context': text })

/** @returns undefined when there is no such file, or nothing in it. @throws Error in one line, without its contents */
export async function readConfigFile(file: string): Promise<ConfigFile | undefined> {
  const source = await sourceOf(file)
  if (source === undefined || source.trim() === '') return undefined
  const { success, data } = config.safeParse(parsed(source))
  if (!success) throw new Error('is not a kubeconfig')
  const byName = (list: z.infer<typeof named>, part: string): Map<string, unknown> =>
    new Map([...(list ?? [])].reverse().map((item) => [item.name, item[part]]))
  return {
    file,
    ...(data['current-context'] ? { currentContext: data['current-context'] } : {}),
    clusters: byName(data.clusters, 'cluster'),
    users: byName(data.users, 'user'),
    contexts: byName(data.contexts, 'context'),
  }
}

/** Most bytes of a file: ten thousand clusters with their certificates. */
const mostBytes = 64 * 1_048_576

/** @returns undefined when there is no such file */
async function sourceOf(file: string): Promise<string | undefined> {
  try {
    const found = await stat(file)
    // A pipe would be waited for, and a device never ends.
    if (!found.isFile()) throw new Error('it is not a regular file')
    if (found.size > mostBytes) throw new Error('it is larger than 64 MiB')
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new Error(`cannot be read: ${code ?? messageOf(error)}`, { cause: error })
  }
}

/** The parser's messages quote the text, which may be a token: only the place is told. */
function parsed(source: string): unknown {
  if (nestsTooDeep(source)) throw new Error('is nested too deep')
  const value = parsedYaml(source)
  try {
    // An anchor may contain itself, which nobody who writes the value out again would end with.
    JSON.stringify(value)
    return value
  } catch {
    throw new Error('has an anchor that contains itself')
  }
}

function parsedYaml(source: string): unknown {
  try {
    return parse(source, { logLevel: 'error' })
  } catch (error) {
    const { linePos } = error as { linePos?: { line: number }[] }
    const line = linePos?.[0]?.line
    throw new Error(line === undefined ? 'is not YAML' : `is not YAML, line ${line}`, { cause: undefined })
  }
}

/** Merges files as kubectl does: of two entries with one name, the earlier file's applies, whole. */
export function mergeConfigs(files: readonly ConfigFile[]): Merged {
  const clusters = firstOfEach(files, ({ clusters }) => clusters)
  const users = firstOfEach(files, ({ users }) => users)
  const contexts = firstOfEach(files, ({ contexts }) => contexts)
  const current = files.find(({ currentContext }) => currentContext !== undefined)?.currentContext
  const merged: Merged = { entries: [], problems: [] }
  for (const [name, { value, file }] of contexts) {
    try {
      merged.entries.push({ name, file, current: name === current, ...resolved(value, clusters, users) })
    } catch (error) {
      merged.problems.push({ file, context: name, reason: messageOf(error) })
    }
  }
  return merged
}

type Found = Map<string, { value: unknown; file: string }>

function firstOfEach(files: readonly ConfigFile[], part: (file: ConfigFile) => Map<string, unknown>): Found {
  const found: Found = new Map()
  for (const file of files)
    for (const [name, value] of part(file)) if (!found.has(name)) found.set(name, { value, file: file.file })
  return found
}

/** @throws Error with the reason, in one line and without values */
function resolved(value: unknown, clusters: Found, users: Found): Omit<Entry, 'name' | 'file' | 'current'> {
  const of = checked(context, value, 'context')
  const itsCluster = clusters.get(of.cluster)
  if (!itsCluster) throw new Error(`cluster "${of.cluster}" is in none of the files`)
  // As with kubectl, a context may name a user that is nowhere: it has no credentials then.
  const itsUser = of.user ? users.get(of.user) : undefined
  const clusterFolder = dirname(itsCluster.file)
  const userFolder = itsUser ? dirname(itsUser.file) : clusterFolder
  const readCluster = checked(cluster, itsCluster.value, `cluster "${of.cluster}"`)
  if (!URL.canParse(readCluster.server) || !/^https?:$/.test(new URL(readCluster.server).protocol))
    throw new Error(`server of cluster "${of.cluster}" is not an http or https address`)
  return {
    clusterName: of.cluster,
    ...(of.user ? { userName: of.user } : {}),
    ...(itsUser ? { userFile: itsUser.file } : {}),
    ...(of.namespace ? { namespace: of.namespace } : {}),
    cluster: withPaths(readCluster, ['certificate-authority'], clusterFolder),
    user: withPaths(
      checked(user, itsUser?.value ?? {}, `user "${of.user ?? ''}"`),
      ['tokenFile', 'client-certificate', 'client-key'],
      userFolder,
    ),
    folder: userFolder,
  }
}

/** Names the field that is wrong, never its value: it may be a secret. */
function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const { success, data, error } = schema.safeParse(value ?? {})
  if (success) return data
  const path = error.issues[0]?.path.join('.') ?? ''
  throw new Error(path ? `${what}: ${path} is missing or of the wrong type` : `${what} is of the wrong type`)
}

/** Paths are relative to the file that they are written in. */
function withPaths<T extends object>(part: T, keys: readonly (keyof T)[], folder: string): T {
  const paths = keys.flatMap((key): [keyof T, string][] => {
    const path = part[key]
    return typeof path === 'string' && path !== '' ? [[key, resolve(folder, path)]] : []
  })
  return { ...part, ...Object.fromEntries(paths) }
}
