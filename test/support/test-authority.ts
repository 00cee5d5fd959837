import { createAuthority, issueCertificate } from '#main/cluster/apiserver/auth/certificates.ts'

/** An authority for tests, made once, and serving certificates of it; PEM. */
export interface TestAuthority {
  ca: string
  issue(hosts: readonly string[], usages?: ('server' | 'client')[]): Promise<{ cert: string; key: string }>
}

let made: Promise<TestAuthority> | undefined

export const testAuthority = (): Promise<TestAuthority> => (made ??= make())

/** Another one than the others have. */
export const newAuthority = (): Promise<TestAuthority> => make()

async function make(): Promise<TestAuthority> {
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) }
  const authority = await createAuthority('test', validity)
  return {
    ca: authority.cert,
    issue: (hosts, usages = ['server']) =>
      issueCertificate(authority, { name: hosts[0] ?? '', hosts, usages }, validity),
  }
}
