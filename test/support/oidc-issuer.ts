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
  const server = createServer(await issue(['localhost', '127.0.0.1']), async (request, response) => {
    const answer = (code: number, body: object): void =>
      void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url === '/.well-known/openid-configuration')
      return answer(200, { issuer: url, token_endpoint: `${url}/token` })
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const asked = new URLSearchParams(body)
    const good =
      request.url === '/token' &&
      !ended &&
      asked.get('grant_type') === 'refresh_token' &&
      asked.get('client_id') === client &&
      asked.get('refresh_token') === refreshToken()
    if (!good) return answer(400, { error: 'invalid_grant' })
    const token = await idToken(given + 1)
    given += 1
    answer(200, { token_type: 'Bearer', id_token: token, refresh_token: refreshToken() })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, ca, refreshToken, given: () => given },
    endSession: () => void (ended = true),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
