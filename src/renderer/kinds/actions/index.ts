import type { Stored } from '#shared/kube/object.ts'
import type { KindDescriptor } from '../descriptor.ts'
import { ingresses } from '#shared/kube/resources.ts'
import { forwardKindOf } from '../../forwards/ports.ts'
import type { Action } from './action.ts'
import { edit } from './edit.ts'
import { forward } from './forward.ts'
import { logs } from './logs.ts'
import { openIngress, openPort } from './open.ts'
import { remove } from './remove.ts'

/** Everything that can be done to an object of a kind, in the order of its buttons. */
export const actionsOf = (kind: KindDescriptor, object: Stored): readonly Action[] => [
  ...(kind.logs?.(object) ? [logs] : []),
  ...(kind.actions ?? []),
  ...reaching(kind),
  edit,
  remove,
]

/** What leads to the object from this machine. */
function reaching({ resource }: KindDescriptor): readonly Action[] {
  if (resource.kind === ingresses.kind && resource.group === ingresses.group) return [openIngress]
  const kind = forwardKindOf(resource)
  if (!kind) return []
  return kind === 'Service' || kind === 'Pod' ? [openPort(resource), forward] : [forward]
}
