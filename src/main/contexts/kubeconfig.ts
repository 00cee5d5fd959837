import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { createKubeContext, type Endpoint, type KubeContext } from './kube-context.ts'

/** The shape of a kubeconfig file, as far as it is read here (client-go's `clientcmd/api/v1`). */
interface KubeConfig {
  clusters?: { name: string; cluster: ClusterEntry }[]
  users?: { name: string; user: UserEntry }[]
  contexts?: { name: string; context: { cluster: string; user: string; namespace?: string } }[]
}

interface ClusterEntry {
  server: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'tls-server-name'?: string
}

interface UserEntry {
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  exec?: { command: string; args?: string[]; env?: { name: string; value: string }[]; apiVersion?: string }
}

/**
 * Every usable context of a kubeconfig file; a context that names a missing cluster or user is left out.
 * @returns none where the file does not exist. @throws when the file is not a kubeconfig.
 */
export async function loadKubeconfig(path: string): Promise<KubeContext[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const config = parse(text) as KubeConfig | null
  const contexts = (config?.contexts ?? []).map(async ({ name, context }) => {
    const cluster = config?.clusters?.find((entry) => entry.name === context.cluster)?.cluster
    const user = config?.users?.find((entry) => entry.name === context.user)?.user
    if (!cluster) return undefined
    return createKubeContext({
      info: {
        id: `kubeconfig:${name}`,
        name,
        kind: 'kubeconfig',
        server: cluster.server,
        simulated: false,
        ...(context.namespace ? { namespace: context.namespace } : {}),
      },
      endpoint: await endpointOf(cluster, user ?? {}, dirname(path)),
    })
  })
  const settled = await Promise.allSettled(contexts)
  return settled.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []))
}

async function endpointOf(cluster: ClusterEntry, user: UserEntry, base: string): Promise<Endpoint> {
  const pem = async (data?: string, file?: string): Promise<string | undefined> => {
    if (data) return Buffer.from(data, 'base64').toString('utf8')
    return file ? readFile(resolve(base, file), 'utf8') : undefined
  }
  const [ca, cert, key] = await Promise.all([
    pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
    pem(user['client-certificate-data'], user['client-certificate']),
    pem(user['client-key-data'], user['client-key']),
  ])
  return {
    server: new URL(cluster.server),
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(cluster['insecure-skip-tls-verify'] ? { rejectUnauthorized: false } : {}),
      ...(cluster['tls-server-name'] ? { servername: cluster['tls-server-name'] } : {}),
    },
    authorization: authorizationOf(user, base),
  }
}

function authorizationOf(user: UserEntry, base: string): () => Promise<string | undefined> {
  if (user.token) return () => Promise.resolve(`Bearer ${user.token ?? ''}`)
  if (user.tokenFile) {
    const path = resolve(base, user.tokenFile)
    return async () => `Bearer ${(await readFile(path, 'utf8')).trim()}`
  }
  if (user.username !== undefined) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
    return () => Promise.resolve(`Basic ${basic}`)
  }
  return user.exec ? execCredential(user.exec) : () => Promise.resolve(undefined)
}

/** Token of a credential plugin (client.authentication.k8s.io), kept until it expires. */
function execCredential(plugin: NonNullable<UserEntry['exec']>): () => Promise<string | undefined> {
  let cached: { token: string; expires: number } | undefined
  return async () => {
    if (cached && cached.expires > Date.now() + 10_000) return `Bearer ${cached.token}`
    const env = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]))
    const request = { apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
    const { stdout } = await promisify(execFile)(plugin.command, plugin.args ?? [], {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(request) },
      timeout: 60_000,
    })
    const { status } = JSON.parse(stdout) as { status?: { token?: string; expirationTimestamp?: string } }
    if (!status?.token) return undefined
    const expires = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : Infinity
    cached = { token: status.token, expires }
    return `Bearer ${status.token}`
  }
}
