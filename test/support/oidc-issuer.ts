import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { testAuthority } from './test-authority.ts'

/** An OIDC issuer on this machine, as far as a refresh needs one: discovery, and a token endpoint. */
export interface OidcIssuer {
  url: string
  /** PEM of the authority that its certificate is of. */
  ca: string
  /** The refresh token that it takes next. */
  refreshToken(): string
  /** How many id tokens it has given. */
  given(): number
  /** It refuses every refresh token from now on. */
  endSession(): void
  close(): Promise<void>
}

/**
 * Refresh tokens work once: each answer brings the next one, as providers do that rotate them.
 * @param client the only client that it knows
 * @param idToken the id token of the first, second, … refresh
 */
export async function startOidcIssuer(
  client: string,
  idToken: (session: number) => Promise<string>,
): Promise<OidcIssuer> {
  const { ca, issue } = await testAuthority()
  let given = 0
  let ended = false
  const refreshToken = (): string => `refresh-${given}`
  /** What it answers to a request; undefined refuses it. */
  async function answerTo(path: string, body: URLSearchParams): Promise<object | undefined> {
    if (path === '/.well-known/openid-configuration') return { issuer: url, token_endpoint: `${url}/token` }
    const isGood =
      path === '/token' &&
      !ended &&
      body.get('grant_type') === 'refresh_token' &&
      body.get('client_id') === client &&
      body.get('refresh_token') === refreshToken()
    if (!isGood) return undefined
    const token = await idToken(given + 1)
    given += 1
    return { token_type: 'Bearer', id_token: token, refresh_token: refreshToken() }
  }
  const server = createServer(await issue(['localhost', '127.0.0.1']), async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const answer = await answerTo(request.url ?? '', new URLSearchParams(body))
    response.writeHead(answer ? 200 : 400, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, ca, refreshToken, given: () => given },
    endSession: () => void (ended = true),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
