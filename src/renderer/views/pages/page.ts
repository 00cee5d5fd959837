import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Surroundings } from '../../explain/index.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'

/** What the page of a kind draws: an object with what is known around it. */
export interface PageProps<T extends KubeObject = KubeObject> {
  context: string
  kind: KindDescriptor
  object: Stored<T>
  near: Surroundings
  /** It stands in the drawer: one column. */
  narrow?: boolean
}

/** Names a kind across groups: `apps/Deployment`, `Pod`. */
export const kindId = ({ resource: { group, kind } }: Pick<KindDescriptor, 'resource'>): string =>
  group ? `${group}/${kind}` : kind
