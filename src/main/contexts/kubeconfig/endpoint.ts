import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Agent } from 'node:http'
import type { AgentOptions } from 'node:https'
import { systemClock, type Clock } from '#shared/base/clock.ts'
import type { Connection, Endpoint } from '../kube-context.ts'
import { createCredentialPlugin } from './exec-plugin.ts'
import { createOidcTokens, type OidcConfig, type OidcTokens } from './oidc.ts'
import { agentFor, proxyOf, type ProxyEnvironment } from './proxy.ts'
import type { Entry, KubeconfigCluster, KubeconfigUser } from './read.ts'

/** How long the contents of a certificate or token file are used before it is read again, ms. */
const fileAge = 10_000

/**
 * Reaches a context's server with the credentials of its user. Files are read again, expired credentials renewed, and
 * refused ones asked for anew. Connections are kept while certificates, authority and proxy stay the same. Nothing
 * asks for compressed answers, so that `disable-compression` holds already.
 */
export function endpointOf(
  { cluster, user, folder }: Entry,
  {
    env,
    clock = systemClock,
    oidcTokens = (config) => createOidcTokens({ config, clock }),
  }: {
    env: ProxyEnvironment
    clock?: Clock
    /** The tokens of an OIDC session, which several contexts may share. */
    oidcTokens?: (config: OidcConfig) => OidcTokens
  },
): Endpoint {
  const server = new URL(cluster.server)
  const read = rememberingReader(clock)
  const credentials = credentialsOf({ user, cluster, folder, clock, read, oidcTokens })
  let current: { material: string; agent: Agent } | undefined

  function agentWith(tls: AgentOptions): Agent {
    const proxy = proxyOf(server, cluster['proxy-url'], env)
    const material = hashOf([tls, proxy?.href])
    if (current?.material !== material) {
      current?.agent.destroy()
      current = { material, agent: agentFor(server, tls, proxy) }
    }
    return current.agent
  }

  return {
    server,
    async connection(): Promise<Connection> {
      const { headers, cert, key, refused } = await credentials.get()
      const ca = cluster['insecure-skip-tls-verify'] ? undefined : await authorityOf(cluster, read)
      const tls = {
        ca,
        cert,
        key,
        rejectUnauthorized: cluster['insecure-skip-tls-verify'] ? false : undefined,
        servername: cluster['tls-server-name'] ?? undefined,
      }
      return {
        headers: { ...headers, ...impersonation(user) },
        agent: agentWith(Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))),
        ...(refused ? { refused } : {}),
      }
    },
    stop() {
      credentials.stop()
      current?.agent.destroy()
    },
  }
}

/** What a user presents with a request. */
interface Presented {
  headers: Record<string, string>
  cert?: string | undefined
  key?: string | undefined
  refused?: () => void
}

interface Credentials {
  /** @throws Error when they cannot be obtained */
  get(): Promise<Presented>
  stop(): void
}

const nothing = (): void => undefined

/** In client-go's order: a token wins over its file, both over a plugin; a certificate goes with any of them. */
function credentialsOf(options: {
  user: KubeconfigUser
  cluster: KubeconfigCluster
  folder: string
  clock: Clock
  read: Reader
  oidcTokens: (config: OidcConfig) => OidcTokens
}): Credentials {
  const { user, read, oidcTokens } = options
  const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` })
  const certificate = async (): Promise<{ cert?: string; key?: string }> => {
    const cert = await material(user['client-certificate-data'], user['client-certificate'], read)
    const key = await material(user['client-key-data'], user['client-key'], read)
    return cert !== undefined && key !== undefined ? { cert, key } : {}
  }
  const { token, tokenFile, username, password } = user
  if (token) return { get: async () => ({ headers: bearer(token), ...(await certificate()) }), stop: nothing }
  if (tokenFile)
    return {
      get: async () => ({ headers: bearer((await read(tokenFile)).trim()), ...(await certificate()) }),
      stop: nothing,
    }
  if (username) {
    const Authorization = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
    return { get: async () => ({ headers: { Authorization }, ...(await certificate()) }), stop: nothing }
  }
  const provider = user['auth-provider']
  if (provider) {
    if (provider.name !== 'oidc')
      return { get: () => Promise.reject(new Error(unknownProvider(provider.name))), stop: nothing }
    const tokens = oidcTokens(provider.config ?? {})
    return {
      async get() {
        const idToken = await tokens.token()
        return { headers: bearer(idToken), ...(await certificate()), refused: () => tokens.refused(idToken) }
      },
      stop: nothing,
    }
  }
  if (user.exec) {
    const plugin = createCredentialPlugin({ ...options, plugin: user.exec })
    return {
      async get() {
        const credential = await plugin.credential()
        const { cert, key } = credential
        const own = cert === undefined ? await certificate() : { cert, key }
        return {
          headers: credential.token === undefined ? {} : bearer(credential.token),
          ...own,
          refused: () => plugin.refused(credential),
        }
      },
      stop: () => plugin.stop(),
    }
  }
  return { get: async () => ({ headers: {}, ...(await certificate()) }), stop: nothing }
}

const unknownProvider = (name: string): string =>
  `auth provider "${name}" is no longer part of Kubernetes: use its credential plugin (exec)`

/** @throws Error when a part of it is set without `as`, as client-go does */
function impersonation(user: KubeconfigUser): Record<string, string | string[]> {
  const { as, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = user
  if (!as) {
    if (uid || groups?.length || Object.keys(extra ?? {}).length)
      throw new Error('the user has as-uid, as-groups or as-user-extra without as')
    return {}
  }
  return {
    'Impersonate-User': as,
    ...(uid ? { 'Impersonate-Uid': uid } : {}),
    ...(groups?.length ? { 'Impersonate-Group': groups } : {}),
    ...Object.fromEntries(
      Object.entries(extra ?? {}).map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, values]),
    ),
  }
}

/** Reads a text file, or returns what was read a moment ago. @throws Error without the contents */
type Reader = (file: string) => Promise<string>

function rememberingReader(clock: Clock): Reader {
  const known = new Map<string, { at: number; text: string }>()
  return async (file) => {
    const found = known.get(file)
    if (found && clock.now() - found.at < fileAge) return found.text
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error'
      throw new Error(`${file} cannot be read: ${reason}`, { cause: error })
    })
    known.set(file, { at: clock.now(), text })
    return text
  }
}

const authorityOf = (cluster: KubeconfigCluster, read: Reader): Promise<string | undefined> =>
  material(cluster['certificate-authority-data'], cluster['certificate-authority'], read)

/** PEM text from base64 data, which wins as in client-go, or from a file. */
async function material(
  data: string | null | undefined,
  file: string | null | undefined,
  read: Reader,
): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  return file ? read(file) : undefined
}

const hashOf = (parts: unknown): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
