import type { KubeObject } from '#shared/kube/object.ts'
import type { KindDeclaration } from '../registry/kind.ts'
import { configMap } from './core/configmap.ts'

/** Every built-in kind. Adding one means writing its declaration and listing it here. */
export const kinds: readonly KindDeclaration[] = [configMap].map((kind) => anyKind(kind))

/** The registry handles all kinds alike; what it hands to a declaration always is that declaration's own type. */
function anyKind<T extends KubeObject>(kind: KindDeclaration<T>): KindDeclaration {
  return kind as unknown as KindDeclaration
}
