import type { Client } from '#shared/client/client.ts'
import type { KindDeclaration } from '../api/kind.ts'
import type { Pki } from '../auth/pki.ts'
import { ensureDefaultObjects } from './default-objects.ts'
import { ensureDefaultRoles } from './ensure-default-roles.ts'
import { ensureAuthenticationConfig, ensureLocalApiServices } from './local-api-services.ts'

export interface BootstrapOptions {
  /** Acts as an administrator. */
  client: Client
  /** Kinds that this server stores, whose group versions it registers. */
  kinds: readonly KindDeclaration[]
  pki: Pki
  /** Ranges of Services, one of each family, and the address of DNS in the first. */
  services?: { cidrs: readonly string[]; dns: string } | undefined
}

/** Writes the objects that every cluster has from the start, where they are missing. */
export async function bootstrap({ client, kinds, pki, services }: BootstrapOptions): Promise<void> {
  await ensureDefaultObjects({
    client,
    ...(services ? { serviceCidrs: services.cidrs, dnsAddress: services.dns } : {}),
  })
  await ensureDefaultRoles({ client })
  await Promise.all([ensureLocalApiServices({ client, kinds }), ensureAuthenticationConfig({ client, pki })])
}
