import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { z } from 'zod'
import type { Clock } from '#shared/base/clock.ts'

/** The fields of `auth-provider: oidc` in a kubeconfig. */
export type OidcConfig = Readonly<Record<string, string>>

/** The fields of it that a refresh replaces. */
export type RefreshedTokens = Readonly<Record<'id-token' | 'refresh-token', string>>

export interface OidcTokens {
  /** An id token that has not expired, refreshed where it has. @throws Error when there is none to be had */
  token(): Promise<string>
  /** Makes the next request refresh the token, unless another one has taken its place. */
  refused(token: string): void
}

/** Answers that end the connection. */
export type Fetch = (
  url: URL,
  options: { ca?: string | undefined; body?: string; authorization?: string },
) => Promise<string>

/** The token is renewed so long before it expires, ms (client-go's oidc plugin: 10 s). */
const early = 10_000

const discovery = z.object({ token_endpoint: z.url() })
const answer = z.object({ id_token: z.string(), refresh_token: z.string().optional() })

/** Tokens of kubectl's `oidc` auth provider. */
export function createOidcTokens({
  config,
  clock,
  keep,
  fetch = fetchHttps,
}: {
  config: OidcConfig
  clock: Clock
  /** Keeps the tokens of a refresh for whoever reads the kubeconfig next. */
  keep?: (used: OidcConfig, tokens: RefreshedTokens) => Promise<void>
  fetch?: Fetch
}): OidcTokens {
  let idToken = config['id-token']
  let refreshToken = config['refresh-token']
  let refreshing: Promise<string> | undefined

  async function refresh(): Promise<string> {
    const { 'idp-issuer-url': issuer, 'client-id': client, 'client-secret': secret } = config
    if (!refreshToken || !issuer || !client)
      throw new Error('the OIDC token has expired, and there is no refresh token: sign in again')
    const ca = await authorityOf(config)
    const { token_endpoint: endpoint } = read(
      discovery,
      await fetch(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`), { ca }),
    )
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: client })
    const authorization = secret
      ? { authorization: `Basic ${Buffer.from([client, secret].map(encodeURIComponent).join(':')).toString('base64')}` }
      : {}
    const tokens = read(answer, await fetch(new URL(endpoint), { ca, body: body.toString(), ...authorization }))
    const used = { ...config, 'refresh-token': refreshToken }
    refreshToken = tokens.refresh_token ?? refreshToken
    idToken = tokens.id_token
    await keep?.(used, { 'id-token': idToken, 'refresh-token': refreshToken })
    return idToken
  }

  return {
    token() {
      if (idToken && expiryOf(idToken) - early > clock.now()) return Promise.resolve(idToken)
      refreshing ??= refresh().finally(() => (refreshing = undefined))
      return refreshing
    },
    refused: (token) => {
      if (token === idToken) idToken = undefined
    },
  }
}

function read<T>(schema: z.ZodType<T>, body: string): T {
  try {
    return schema.parse(JSON.parse(body))
  } catch {
    throw new Error('the OIDC issuer answers something else than tokens')
  }
}

/** When a JWT expires, ms since the epoch; 0 when it cannot be read. */
function expiryOf(token: string): number {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    const { exp } = z.object({ exp: z.number() }).parse(claims)
    return exp * 1_000
  } catch {
    return 0
  }
}

async function authorityOf(config: OidcConfig): Promise<string | undefined> {
  const data = config['idp-certificate-authority-data']
  const file = config['idp-certificate-authority']
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  return file ? readFile(file, 'utf8') : undefined
}

const fetchHttps: Fetch = (url, { ca, body, authorization }) =>
  new Promise((resolve, reject) => {
    if (url.protocol !== 'https:') {
      reject(new Error('the OIDC issuer is not an https address'))
      return
    }
    const outgoing = request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        ...(ca === undefined ? {} : { ca }),
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(authorization === undefined ? {} : { authorization }),
        },
        signal: AbortSignal.timeout(15_000),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'))
          else reject(new Error(`the OIDC issuer refused with ${response.statusCode ?? 0}: sign in again`))
        })
      },
    )
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`the OIDC issuer cannot be reached: ${error.code ?? error.name}`)),
    )
    outgoing.end(body)
  })
