import type { Client } from '#shared/client/client.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import { backendTlsPolicyDefinition } from './backend-tls-policy.ts'
import { gatewayClassDefinition, gatewayDefinition } from './gateway.ts'
import { httpRouteDefinition } from './http-route.ts'
import { grpcRouteDefinition, referenceGrantDefinition, tlsRouteDefinition } from './other-routes.ts'

export const gatewayDefinitions: readonly CustomResourceDefinition[] = [
  gatewayClassDefinition,
  gatewayDefinition,
  httpRouteDefinition,
  grpcRouteDefinition,
  tlsRouteDefinition,
  referenceGrantDefinition,
  backendTlsPolicyDefinition,
]

/** Creates the definitions that are missing. Those that a user or a chart has installed are left as they are. */
export async function ensureGatewayDefinitions(client: Client): Promise<void> {
  await Promise.all(
    gatewayDefinitions.map(async (definition) => {
      try {
        await client.create(customResourceDefinitions, definition)
      } catch (error) {
        if (!isAlreadyExists(error)) throw error
      }
    }),
  )
}
