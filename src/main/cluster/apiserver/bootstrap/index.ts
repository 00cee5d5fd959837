import type { Client } from '#shared/client/client.ts'
import { clusterRoles, priorityClasses } from '#shared/kube/resources.ts'
import type { ObjectReader, ResourceKey } from '../api/reader.ts'
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
}

/** Writes the objects that every cluster has from the start, where they are missing. */
export async function bootstrap({ client, kinds, pki }: BootstrapOptions): Promise<void> {
  await ensureDefaultObjects({ client })
  await ensureDefaultRoles({ client })
  await Promise.all([ensureLocalApiServices({ client, kinds }), ensureAuthenticationConfig({ client, pki })])
}

/** Health checks of the bootstrap, by Kubernetes' names for its post-start hooks. */
export function bootstrapChecks(reader: ObjectReader): Readonly<Record<string, () => string | undefined>> {
  const exists = (resource: ResourceKey, name: string) => () =>
    reader.get(resource, '', name) ? undefined : 'not finished'
  return {
    'poststarthook/rbac/bootstrap-roles': exists(clusterRoles, 'cluster-admin'),
    'poststarthook/scheduling/bootstrap-system-priority-classes': exists(priorityClasses, 'system-node-critical'),
  }
}
