import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseImageReference } from '#shared/kube/image-reference.ts'
import { credentialsFor, parseDockerConfig, type RegistryAuth } from '#shared/kube/registry-credentials.ts'
import { toolEnvironment } from './tool-environment.ts'

/** Runs a credential helper, which reads the registry from its input. @throws Error when it has nothing */
export type RunHelper = (program: string, registry: string) => Promise<string>

export interface HostCredentialsOptions {
  /** Of the Docker client on this host. */
  folder?: string
  run?: RunHelper
}

/**
 * How the user of this host is signed in to the registry of an image, by the Docker client's own configuration: helpers
 * before what the file itself has. They run here, on the host. Empty when the user is not.
 */
export async function hostCredentials(image: string, options: HostCredentialsOptions = {}): Promise<RegistryAuth[]> {
  const { folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), run = runHelper } = options
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}')
  try {
    const { domain } = parseImageReference(image)
    const registry = domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain
    const { credHelpers = {}, credsStore } = JSON.parse(text) as HelperSettings
    const helper = credHelpers[registry] ?? credHelpers[domain] ?? credsStore
    const held = helper === undefined ? undefined : await askHelper(helper, registry, domain, run)
    return held ? [held] : credentialsFor(image, parseDockerConfig(text))
  } catch {
    // A configuration that cannot be read is none: the image may be public.
    return []
  }
}

interface HelperSettings {
  credHelpers?: Record<string, string>
  credsStore?: string
}

async function askHelper(
  helper: string,
  registry: string,
  serveraddress: string,
  run: RunHelper,
): Promise<RegistryAuth | undefined> {
  if (!/^[\w.-]+$/.test(helper)) return undefined
  try {
    const answer = JSON.parse(await run(`docker-credential-${helper}`, registry)) as Partial<HelperAnswer>
    const { Username: username = '', Secret: secret = '' } = answer
    // A helper's way to say that the secret is a token.
    if (username === '<token>') return { identitytoken: secret, serveraddress }
    return username === '' ? undefined : { username, password: secret, serveraddress }
  } catch {
    return undefined
  }
}

interface HelperAnswer {
  Username: string
  Secret: string
}

const helperTimeout = 10_000

const runHelper: RunHelper = (program, registry) =>
  new Promise((resolve, reject) => {
    const child = execFile(program, ['get'], { env: toolEnvironment(), timeout: helperTimeout }, (error, stdout) =>
      error ? reject(new Error(`${program} has no credentials`)) : resolve(stdout),
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(registry)
  })
