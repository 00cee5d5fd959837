import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readModels } from './generate/models.ts'
import { renderDefinitions } from './generate/definitions.ts'
import { renderTypes } from './generate/types.ts'

/**
 * Generates what Kubernetes v1.36 says of its built-in types, from the models of `@kubernetes/client-node`
 * (release-1.36): TypeScript interfaces in wire shape, and the OpenAPI definitions that the API server serves.
 */
const root = join(import.meta.dirname, '..')
const models = readModels(join(root, 'node_modules/@kubernetes/client-node/dist/gen'))

write('src/shared/kube/generated/types.ts', renderTypes(models))
write('src/main/cluster/apiserver/schema/generated/definitions.json', JSON.stringify(renderDefinitions(models)))

function write(path: string, text: string): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
