import type { KubeObject, ListMeta } from '#shared/kube/object.ts'
import type { Column } from '../api/kind.ts'
import type { ServedResource } from '../api/resources.ts'

/** The part of each object that a table's rows include. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

const nameColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
  priority: 0,
}

/** `meta.k8s.io.Table`: what `kubectl get` prints. */
export function tableOf(
  resource: ServedResource,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  options: { version: string; include: IncludeObject; now: number },
): Record<string, unknown> {
  const { columns, columnsWithoutName } = resource.kind
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: [...(columnsWithoutName ? [] : [nameColumn]), ...columns.map(definition)],
    rows: objects.map((object) => ({
      cells: [
        ...(columnsWithoutName ? [] : [object.metadata.name]),
        ...columns.map((column) => column.value(object, options.now)),
      ],
      ...(options.include === 'None' ? {} : { object: rowObject(object, options) }),
    })),
  }
}

const definition = (column: Column<KubeObject>): Record<string, unknown> => ({
  name: column.name,
  type: column.type,
  format: column.format ?? '',
  description: column.description,
  priority: column.priority ?? 0,
})

const rowObject = (object: KubeObject, { version, include }: { version: string; include: IncludeObject }): unknown =>
  include === 'Object' ? object : partialOf(object, version)

/** `meta.k8s.io.PartialObjectMetadata`: the metadata of an object. */
export const partialOf = (object: KubeObject, version: string): Record<string, unknown> => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
})
