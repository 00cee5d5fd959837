import { createHash, X509Certificate } from 'node:crypto'
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename } from 'node:path'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { ContextProblem } from '#shared/contract/contexts.ts'
import type { ContextInfo } from '#shared/contract/kube.ts'
import { createKubeContext, type KubeContext } from '../kube-context.ts'
import { endpointOf } from './endpoint.ts'
import { keepTokens } from './keep-tokens.ts'
import { createOidcTokens, type OidcConfig, type OidcTokens, type RefreshedTokens } from './oidc.ts'
import type { ProxyEnvironment } from './proxy.ts'
import { mergeConfigs, readConfigFile, type ConfigFile, type Entry, type Problem } from './read.ts'

/** The contexts of the user's kubeconfig files. */
export interface KubeconfigContexts {
  /** Every usable context; reads the files again. */
  list(): Promise<KubeContext[]>
  /** A context as of the last reading. */
  get(id: string): KubeContext | undefined
  /** Files and contexts that cannot be used, as of the last reading. */
  problems(): ContextProblem[]
  /** Reads these files too, after those of the options, and no other ones that it was told before. */
  follow(more: readonly string[]): Promise<void>
  /** Called after a file has changed and what it says has been taken up. */
  onChange(listener: () => void): Stop
  stop(): Promise<void>
}

export interface KubeconfigContextsOptions {
  /** As in kubectl's KUBECONFIG: of two entries with one name, the one in the earlier file applies. */
  files: readonly string[]
  log: Log
  /** Names the proxies of servers that have none of their own. */
  env?: ProxyEnvironment
  /** How often files are looked at, ms. */
  interval?: number
}

/**
 * Follows kubeconfig files. A context that changed or disappeared is closed with its connections and credentials; an
 * unchanged one keeps its connections. What is wrong with one file or context leaves the others as they are.
 */
export function createKubeconfigContexts(options: KubeconfigContextsOptions): KubeconfigContexts {
  const { files, log, env = process.env, interval = 1_000 } = options
  const readers = new Map<string, () => Promise<FileResult>>()
  const listeners = new Set<() => void>()
  let open = new Map<string, { fingerprint: string; context: KubeContext }>()
  let problems: Problem[] = []
  let sessions = new Map<string, OidcSession>()
  let reading: Promise<void> = Promise.resolve()

  /** A refresh token may work once only: all contexts with the same sign-in share the tokens that come of it. */
  function oidcTokens(config: OidcConfig, { userFile, userName }: Entry): OidcTokens {
    const key = signInOf(config)
    const keep = async (used: OidcConfig, tokens: RefreshedTokens): Promise<void> => {
      // The file will name the session by these tokens: its contexts stay open.
      sessions.set(signInOf({ ...config, ...tokens }), session)
      if (userFile === undefined || userName === undefined) return
      await keepTokens({ file: userFile, user: userName }, used, tokens).catch((error: unknown) =>
        log.warn('OIDC tokens not kept', { file: userFile, error: codeOf(error) }),
      )
    }
    const session = sessions.get(key) ?? {
      id: key,
      tokens: createOidcTokens({ config, clock: systemClock, keep }),
    }
    sessions.set(key, session)
    return session.tokens
  }

  /** What a context is reached with, and by whom: the tokens of a session change without a change of it. */
  function fingerprintOf(entry: Entry): string {
    const config = oidcConfigOf(entry)
    if (!config) return hashOf(entry)
    const key = signInOf(config)
    return hashOf([{ ...entry, user: { ...entry.user, 'auth-provider': sessions.get(key)?.id ?? key } }])
  }

  async function read(): Promise<void> {
    const results = await Promise.all([...readers.values()].map((read) => read()))
    const merged = mergeConfigs(results.flatMap(({ config }) => (config ? [config] : [])))
    const before = hashOf([[...open.values()].map(({ fingerprint }) => fingerprint), problems])
    const next: typeof open = new Map()
    for (const entry of merged.entries) {
      const id = `kubeconfig:${entry.name}`
      const known = open.get(id)
      const fingerprint = fingerprintOf(entry)
      next.set(
        id,
        known?.fingerprint === fingerprint
          ? known
          : await openContext(id, entry, fingerprint, { env, oidcTokens: (config) => oidcTokens(config, entry) }),
      )
    }
    problems = [...results.flatMap(({ problem }) => (problem ? [problem] : [])), ...merged.problems]
    const closed = [...open].filter(([id, entry]) => next.get(id) !== entry)
    open = next
    const used = new Set(merged.entries.flatMap((entry) => sessions.get(signInOf(oidcConfigOf(entry) ?? {}))?.id ?? []))
    sessions = new Map([...sessions].filter(([, { id }]) => used.has(id)))
    for (const [, { context }] of closed) await context.stop()
    if (hashOf([[...open.values()].map(({ fingerprint }) => fingerprint), problems]) === before) return
    for (const listener of listeners) listener()
  }
  /** A reading that failed keeps no later one from happening. */
  const reload = (): Promise<void> => (reading = reading.catch(() => undefined).then(read))
  const onFile = (): void =>
    void reload().catch((error: unknown) => log.error('kubeconfig not taken up', { error: messageOf(error) }))
  function follow(more: readonly string[]): void {
    const wanted = new Set([...files, ...more])
    for (const file of [...readers.keys()].filter((each) => !wanted.has(each))) {
      unwatchFile(file, onFile)
      readers.delete(file)
    }
    for (const file of wanted) {
      if (readers.has(file)) continue
      readers.set(file, createFileReader(file, log))
      // Polled: editors replace files, dotfiles are links, and the folder may not be there yet.
      watchFile(file, { interval, persistent: false }, onFile)
    }
  }
  follow([])

  return {
    async list() {
      await reload()
      return [...open.values()].map(({ context }) => context)
    },
    get: (id) => open.get(id)?.context,
    async follow(more) {
      follow(more)
      await reload()
    },
    problems: () => problems.map((problem) => ({ ...problem, file: shortPath(problem.file) })),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      for (const file of readers.keys()) unwatchFile(file, onFile)
      listeners.clear()
      await reading.catch(() => undefined)
      for (const { context } of open.values()) await context.stop()
      open.clear()
    },
  }
}

interface FileResult {
  config?: ConfigFile
  problem?: Problem
}

/** Reads one file. While it cannot be read, its last valid contents apply; the reason is logged once. */
function createFileReader(file: string, log: Log): () => Promise<FileResult> {
  let last: ConfigFile | undefined
  let told: string | undefined
  return async () => {
    try {
      last = await readConfigFile(file)
      told = undefined
      return last ? { config: last } : {}
    } catch (error) {
      const reason = messageOf(error)
      if (told !== reason) log.warn('kubeconfig not read', { file, error: reason })
      told = reason
      return { ...(last ? { config: last } : {}), problem: { file, reason } }
    }
  }
}

/** The tokens of one sign-in, and what it is known by as long as the app runs. */
interface OidcSession {
  id: string
  tokens: OidcTokens
}

const oidcConfigOf = ({ user }: Entry): OidcConfig | undefined => {
  const provider = user['auth-provider']
  return provider?.name === 'oidc' ? (provider.config ?? {}) : undefined
}

/** Who has signed in where, as a kubeconfig writes it, with the tokens that it has. */
const signInOf = (config: OidcConfig): string => hashOf(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)))

/** An error without its message, which may quote the file. */
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

const hashOf = (parts: unknown): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')

async function openContext(
  id: string,
  entry: Entry,
  fingerprint: string,
  options: Parameters<typeof endpointOf>[1],
): Promise<{ fingerprint: string; context: KubeContext }> {
  const info = await infoOf(id, entry)
  return { fingerprint, context: createKubeContext({ info, endpoint: endpointOf(entry, options) }) }
}

/** What the face may know: names and places, no credentials. */
async function infoOf(id: string, entry: Entry): Promise<ContextInfo> {
  const { exec, 'auth-provider': provider } = entry.user
  const expiry = await certificateEnd(entry)
  return {
    id,
    name: entry.name,
    kind: 'kubeconfig',
    server: withoutPassword(entry.cluster.server),
    simulated: false,
    file: shortPath(entry.file),
    cluster: entry.clusterName,
    ...(entry.current ? { current: true } : {}),
    ...(entry.userName === undefined ? {} : { user: entry.userName }),
    ...(entry.namespace === undefined ? {} : { namespace: entry.namespace }),
    ...(exec ? { plugin: basename(exec.command) } : {}),
    ...(provider ? { provider: provider.name } : {}),
    ...(expiry === undefined ? {} : { certificateExpiresAt: expiry }),
  }
}

/** When the client certificate ends, ms since the epoch; unset when there is none that can be read. */
async function certificateEnd({ user }: Entry): Promise<number | undefined> {
  try {
    const { 'client-certificate-data': data, 'client-certificate': file } = user
    if (!data && !file) return undefined
    const pem = data ? Buffer.from(data, 'base64') : await readFile(file ?? '')
    return new X509Certificate(pem).validToDate.getTime()
  } catch {
    return undefined
  }
}

function withoutPassword(server: string): string {
  const url = new URL(server)
  if (!url.username && !url.password) return server
  url.username = url.password = ''
  return url.href.replace(/\/$/, '')
}

/** `~/.kube/config` */
function shortPath(file: string): string {
  const home = homedir()
  return file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file
}
