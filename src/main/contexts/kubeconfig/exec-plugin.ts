import { spawn } from 'node:child_process'
import { isAbsolute, resolve } from 'node:path'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Clock } from '#shared/base/clock.ts'
import type { ExecPlugin, KubeconfigCluster } from './read.ts'

/** What a credential plugin grants; kept in memory only. */
export interface PluginCredential {
  token?: string | undefined
  cert?: string | undefined
  key?: string | undefined
}

export interface CredentialPlugin {
  /** The kept credential, or a new one when there is none or it has expired. @throws Error without the plugin's output */
  credential(): Promise<PluginCredential>
  /** Drops a credential that the server has refused: the next request asks the plugin again. */
  refused(credential: PluginCredential): void
  /** Ends a plugin that runs. */
  stop(): void
}

export interface CredentialPluginOptions {
  plugin: ExecPlugin
  /** Folder of its kubeconfig: commands with a slash are relative to it. */
  folder: string
  /** Told to the plugin where it asks for it. */
  cluster: KubeconfigCluster
  clock: Clock
  /** How long a plugin may take, ms: some wait for a sign-in in the browser. */
  timeout?: number
}

const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** Most bytes that are read of a plugin. */
const mostOutput = 1_000_000

const execCredential = z.object({
  apiVersion: z.string(),
  kind: z.literal('ExecCredential'),
  status: z.object({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
  }),
})

/**
 * A credential plugin by client-go's protocol (KEP-541). There is no terminal to lend, so plugins that need one are
 * refused, and others are told that they have none. One run serves all requests that wait for it.
 */
export function createCredentialPlugin(options: CredentialPluginOptions): CredentialPlugin {
  const { clock } = options
  const ending = new AbortController()
  let kept: { credential: PluginCredential; expiresAt: number } | undefined
  let asking: Promise<PluginCredential> | undefined

  async function ask(): Promise<PluginCredential> {
    const { status } = credentialOf(await run(options, ending.signal), options.plugin)
    const credential = {
      token: status.token ?? undefined,
      cert: status.clientCertificateData ?? undefined,
      key: status.clientKeyData ?? undefined,
    }
    const expiresAt = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : Infinity
    kept = { credential, expiresAt: Number.isNaN(expiresAt) ? Infinity : expiresAt }
    return credential
  }

  return {
    credential() {
      if (kept && kept.expiresAt > clock.now()) return Promise.resolve(kept.credential)
      kept = undefined
      asking ??= ask().finally(() => (asking = undefined))
      return asking
    },
    refused(credential) {
      if (kept?.credential === credential) kept = undefined
    },
    stop() {
      ending.abort()
      kept = undefined
    },
  }
}

/** @throws Error that quotes nothing of the output: it may hold the credential */
function credentialOf(output: string, { command, apiVersion }: ExecPlugin): z.infer<typeof execCredential> {
  let parsed: unknown
  try {
    parsed = JSON.parse(output)
  } catch {
    throw new Error(`plugin ${command} did not print an ExecCredential`)
  }
  const { success, data } = execCredential.safeParse(parsed)
  if (!success) throw new Error(`plugin ${command} did not print an ExecCredential`)
  if (data.apiVersion !== apiVersion)
    throw new Error(`plugin ${command} printed another version of ExecCredential than its entry asks for`)
  const { token, clientCertificateData, clientKeyData } = data.status
  if (Boolean(clientCertificateData) !== Boolean(clientKeyData))
    throw new Error(`plugin ${command} printed a certificate without its key, or a key alone`)
  if (!token && !clientCertificateData) throw new Error(`plugin ${command} printed neither a token nor a certificate`)
  return data
}

async function run(
  { plugin, folder, cluster, timeout = 120_000 }: CredentialPluginOptions,
  signal: AbortSignal,
): Promise<string> {
  const { command, args, env, apiVersion, interactiveMode, installHint } = plugin
  if (!apiVersion || !versions.includes(apiVersion))
    throw new Error(`plugin ${command}: apiVersion must be ${versions.join(' or ')}`)
  if (interactiveMode === 'Always')
    throw new Error(`plugin ${command} needs a terminal (interactiveMode Always): sign in with kubectl in one`)
  const info = await execInfo(plugin, apiVersion, cluster)
  const child = spawn(pathOf(command, folder), args ?? [], {
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
    env: {
      ...process.env,
      ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    },
  })
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > mostOutput) child.kill()
      else chunks.push(chunk)
    })
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') reject(new Error(notFound(command, installHint)))
      else if (signal.aborted) reject(new Error(`plugin ${command} was ended with its context`))
      else if (error.name === 'AbortError')
        reject(new Error(`plugin ${command} did not answer within ${timeout / 1_000} s`))
      else reject(new Error(`plugin ${command} cannot be started: ${error.code ?? 'unknown error'}`))
    })
    child.once('close', (code, ended) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'))
      else
        reject(
          new Error(
            `plugin ${command} failed (${code === null ? (ended ?? 'ended') : `exit code ${code}`}): run it in a terminal to see why`,
          ),
        )
    })
  })
}

const notFound = (command: string, hint: string | null | undefined): string =>
  `plugin ${command} is not installed${hint ? `. ${hint.trim().split('\n')[0] ?? ''}` : ''}`

/** Names are looked up in PATH, relative paths begin at the kubeconfig's folder (client-go's rule). */
const pathOf = (command: string, folder: string): string =>
  !/[/\\]/.test(command) || isAbsolute(command) ? command : resolve(folder, command)

/** The ExecCredential that the plugin gets in `KUBERNETES_EXEC_INFO`. */
async function execInfo(plugin: ExecPlugin, apiVersion: string, cluster: KubeconfigCluster): Promise<object> {
  const spec = { interactive: false, ...(plugin.provideClusterInfo ? { cluster: await clusterInfo(cluster) } : {}) }
  return { apiVersion, kind: 'ExecCredential', spec }
}

async function clusterInfo(cluster: KubeconfigCluster): Promise<object> {
  const file = cluster['certificate-authority']
  const authority =
    cluster['certificate-authority-data'] ?? (file ? (await readFile(file)).toString('base64') : undefined)
  const extension = cluster.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.extension
  return {
    server: cluster.server,
    ...(cluster['tls-server-name'] ? { 'tls-server-name': cluster['tls-server-name'] } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authority ? { 'certificate-authority-data': authority } : {}),
    ...(cluster['proxy-url'] ? { 'proxy-url': cluster['proxy-url'] } : {}),
    ...(cluster['disable-compression'] ? { 'disable-compression': true } : {}),
    ...(extension === undefined ? {} : { config: extension }),
  }
}
