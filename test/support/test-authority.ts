import { createAuthority, issueCertificate } from '#main/cluster/apiserver/auth/certificates.ts'

/** An authority for tests, made once, and serving certificates of it; PEM. */
export interface TestAuthority {
  ca: string
  issue(hosts: readonly string[]): Promise<{ cert: string; key: string }>
}

let made: Promise<TestAuthority> | undefined

export const testAuthority = (): Promise<TestAuthority> => (made ??= make())

async function make(): Promise<TestAuthority> {
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) }
  const authority = await createAuthority('test', validity)
  return {
    ca: authority.cert,
    issue: (hosts) => issueCertificate(authority, { name: hosts[0] ?? '', hosts, usages: ['server'] }, validity),
  }
}
