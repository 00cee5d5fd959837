import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import type { RequestOptions } from 'node:https'
import { basename, dirname, resolve } from 'node:path'
import type { Context, KubeConfig, User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createKubeContext, type Connection, type Endpoint, type KubeContext } from './kube-context.ts'

/** The contexts of the user's kubeconfig files. */
export interface KubeconfigContexts {
  /** Every usable context; reads the files again. */
  list(): Promise<KubeContext[]>
  /** A context as of the last reading. */
  get(id: string): KubeContext | undefined
  stop(): Promise<void>
}

export interface KubeconfigContextsOptions {
  /** As in kubectl's KUBECONFIG: of two entries with one name, the one in the earlier file applies. */
  files: readonly string[]
  log: Log
}

/**
 * Follows kubeconfig files, which `@kubernetes/client-node` parses. A context that changed or disappeared is closed
 * with its connections and credentials; an unchanged one keeps its connections.
 */
export function createKubeconfigContexts({ files, log }: KubeconfigContextsOptions): KubeconfigContexts {
  let open = new Map<string, { fingerprint: string; context: KubeContext }>()
  const readers = files.map((file) => createFileReader(file, log))
  let reading: Promise<void> = Promise.resolve()

  const reload = (): Promise<void> => {
    reading = reading.then(async () => {
      const configs = (await Promise.all(readers.map((read) => read()))).filter((config) => config !== undefined)
      const found = usableContexts(configs)
      const next: typeof open = new Map()
      for (const [id, candidate] of found) {
        const known = open.get(id)
        next.set(id, known?.fingerprint === candidate.fingerprint ? known : openContext(id, candidate))
      }
      const closed = [...open].filter(([id, entry]) => next.get(id) !== entry)
      open = next
      for (const [, { context }] of closed) await context.stop()
    })
    return reading
  }
  const watchers = watchFolders(files, () => void reload())

  return {
    async list() {
      await reload()
      return [...open.values()].map(({ context }) => context)
    },
    get: (id) => open.get(id)?.context,
    async stop() {
      for (const watcher of watchers) watcher.close()
      await reading
      for (const { context } of open.values()) await context.stop()
      open.clear()
    },
  }
}

interface Candidate {
  context: Context
  config: KubeConfig
  fingerprint: string
}

/** Reads one file. When it cannot be parsed, its last valid contents apply, and the error is logged once. */
function createFileReader(file: string, log: Log): () => Promise<KubeConfig | undefined> {
  let last: { text: string; config: KubeConfig | undefined } = { text: '', config: undefined }
  return async () => {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.warn('kubeconfig not read', { file, error: messageOf(error) })
      return ''
    })
    if (text === last.text) return last.config
    try {
      last = { text, config: text.trim() === '' ? undefined : await parseConfig(text, dirname(file)) }
    } catch (error) {
      last = { text, config: last.config }
      log.warn('kubeconfig not read', { file, error: messageOf(error) })
    }
    return last.config
  }
}

/** @throws Error when the text is not a kubeconfig. */
async function parseConfig(text: string, folder: string): Promise<KubeConfig> {
  // Imports only the reader, and only when there is a kubeconfig: the library's generated API is large and unused here.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  config.loadFromString(text, { onInvalidEntry: 'filter' })
  config.makePathsAbsolute(folder)
  addTokenFiles(config, text, folder)
  return config
}

/** The library (2.0) reads `token-file`; kubectl writes and reads `tokenFile` (clientcmd/api/v1 AuthInfo). */
function addTokenFiles(config: KubeConfig, text: string, folder: string): void {
  const { users = [] } = parse(text) as { users?: { name: string; user?: { tokenFile?: string; token?: string } }[] }
  const files = new Map(users.map(({ name, user }) => [name, user?.token ? undefined : user?.tokenFile]))
  config.users = config.users.map((user) => {
    const tokenFile = files.get(user.name)
    return tokenFile
      ? { ...user, authProvider: { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } } }
      : user
  })
}

/** The merged contexts by id; contexts whose cluster is missing are left out. */
function usableContexts(configs: readonly KubeConfig[]): Map<string, Candidate> {
  const all = <T>(list: (config: KubeConfig) => T[]): T[] => configs.flatMap(list)
  const clusters = firstOfEachName(all(({ clusters }) => clusters))
  const users = firstOfEachName(all(({ users }) => users))
  const found = new Map<string, Candidate>()
  for (const context of firstOfEachName(all(({ contexts }) => contexts)).values()) {
    const cluster = clusters.get(context.cluster)
    const Config = configs[0]?.constructor as (new () => KubeConfig) | undefined
    if (!cluster || !Config || !URL.canParse(cluster.server)) continue
    const user: User = users.get(context.user) ?? { name: context.user }
    const config = new Config()
    // Plain HTTP has no certificate to verify; the library requires this to be stated.
    const plain = cluster.server.startsWith('http:')
    config.loadFromOptions({
      clusters: [plain ? { ...cluster, skipTLSVerify: true } : cluster],
      users: [user],
      contexts: [context],
      currentContext: context.name,
    })
    found.set(`kubeconfig:${context.name}`, { context, config, fingerprint: fingerprintOf([context, cluster, user]) })
  }
  return found
}

function firstOfEachName<T extends { name: string }>(entries: T[]): Map<string, T> {
  const byName = new Map<string, T>()
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry)
  return byName
}

const fingerprintOf = (parts: unknown): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')

function openContext(
  id: string,
  { context, config, fingerprint }: Candidate,
): { fingerprint: string; context: KubeContext } {
  const server = config.getCurrentCluster()?.server ?? ''
  return {
    fingerprint,
    context: createKubeContext({
      info: {
        id,
        name: context.name,
        kind: 'kubeconfig',
        server,
        simulated: false,
        ...(context.namespace ? { namespace: context.namespace } : {}),
      },
      endpoint: endpointOf(config, new URL(server)),
    }),
  }
}

/**
 * Certificates and tokens come from the library for each request: it runs credential plugins and renews expiring
 * credentials.
 */
function endpointOf(config: KubeConfig, server: URL): Endpoint {
  let current: { material: string; agent: Agent } | undefined
  const keepAliveAgent = (options: RequestOptions): Agent => {
    const { ca, cert, key, rejectUnauthorized, servername } = options
    const material = fingerprintOf([ca, cert, key, rejectUnauthorized, servername])
    if (current?.material !== material) {
      current?.agent.destroy()
      current = { material, agent: new Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized, servername }) }
    }
    return current.agent
  }
  return {
    server,
    async connection(): Promise<Connection> {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      const throughProxy = config.getCurrentCluster()?.proxyUrl !== undefined
      const headers = { ...(options.headers as Record<string, string>) }
      if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
      if (server.protocol === 'http:' && !throughProxy) return { headers }
      return {
        headers,
        agent: throughProxy && typeof options.agent === 'object' ? options.agent : keepAliveAgent(options),
      }
    },
    stop: () => current?.agent.destroy(),
  }
}

/** Watches the files' folders, where they exist, since editors replace files. */
function watchFolders(files: readonly string[], onChange: () => void): FSWatcher[] {
  const folders = new Map<string, Set<string>>()
  for (const file of files) folders.set(dirname(file), (folders.get(dirname(file)) ?? new Set()).add(basename(file)))
  return [...folders].flatMap(([folder, names]) => {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) onChange()
      })
      watcher.on('error', () => watcher.close())
      return [watcher]
    } catch {
      return []
    }
  })
}
