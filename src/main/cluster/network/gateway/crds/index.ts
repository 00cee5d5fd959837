import type { Client } from '#shared/client/client.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import { backendTlsPolicyDefinition } from './backend-tls-policy.ts'
import { gatewayClassDefinition, gatewayDefinition, listenerSetDefinition } from './gateway.ts'
import { httpRouteDefinition } from './http-route.ts'
import { grpcRouteDefinition, referenceGrantDefinition, tlsRouteDefinition } from './other-routes.ts'

export const gatewayDefinitions: readonly (CustomResourceDefinition & Named)[] = [
  gatewayClassDefinition,
  gatewayDefinition,
  listenerSetDefinition,
  httpRouteDefinition,
  grpcRouteDefinition,
  tlsRouteDefinition,
  referenceGrantDefinition,
  backendTlsPolicyDefinition,
]

/**
 * Of the schemas above: raise it with every change to them, so that clusters that were born with earlier ones get it when
 * they are started next.
 */
export const definitionsVersion = 2
/** `<generation>-<version>` of what was written here last. */
const markAnnotation = 'slipway.dev/definition'
/** Field manager of this process. */
const ownManager = 'slipway'

/**
 * Creates the definitions that are missing, and brings those up to date that an earlier version of the app has made. Those that a
 * user or a chart has installed or changed are left as they are.
 */
export async function ensureGatewayDefinitions(client: Client): Promise<void> {
  await Promise.all(
    gatewayDefinitions.map(async (definition) => {
      try {
        await client.create(customResourceDefinitions, marked(definition, 1))
      } catch (error) {
        if (!isAlreadyExists(error)) throw error
        await bringUpToDate(client, definition)
      }
    }),
  )
}

async function bringUpToDate(client: Client, definition: CustomResourceDefinition & Named): Promise<void> {
  const found = await client.get(customResourceDefinitions, { name: definition.metadata.name })
  if (!isOwn(found) || markOf(found).version >= definitionsVersion) return
  const { generation = 1 } = found.metadata
  const wanted = marked(definition, generation + 1)
  const metadata = {
    ...found.metadata,
    annotations: { ...found.metadata.annotations, ...wanted.metadata.annotations },
  }
  const written = await client.update(customResourceDefinitions, { ...found, metadata, spec: definition.spec })
  // One that differs in nothing keeps its generation.
  if (written.metadata.generation === generation) {
    const annotations = { ...written.metadata.annotations, ...marked(definition, generation).metadata.annotations }
    await client.update(customResourceDefinitions, { ...written, metadata: { ...written.metadata, annotations } })
  }
}

/** Whether nobody else has written to it, by another program or in the window. */
function isOwn(found: Stored<CustomResourceDefinition>): boolean {
  const { managedFields = [], generation = 1 } = found.metadata
  return (
    managedFields.every(({ manager, subresource }) => subresource !== undefined || manager === ownManager) &&
    generation <= markOf(found).generation
  )
}

/** Without a mark, it is of a version before there were marks, and has not been written since. */
function markOf({ metadata }: Stored<CustomResourceDefinition>): { generation: number; version: number } {
  const [generation = 1, version = 1] = metadata.annotations?.[markAnnotation]?.split('-').map(Number) ?? []
  return { generation, version }
}

const marked = (
  definition: CustomResourceDefinition & Named,
  generation: number,
): CustomResourceDefinition & Named => ({
  ...definition,
  metadata: {
    ...definition.metadata,
    annotations: { ...definition.metadata.annotations, [markAnnotation]: `${generation}-${definitionsVersion}` },
  },
})
