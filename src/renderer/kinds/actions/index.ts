import type { Yours } from '#shared/contract/yours.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { KindDescriptor } from '../descriptor.ts'
import { ingresses } from '#shared/kube/resources.ts'
import { forwardKindOf } from '../../forwards/ports.ts'
import type { Action } from './action.ts'
import { edit } from './edit.ts'
import { forward } from './forward.ts'
import { logs } from './logs.ts'
import { openIngress, openPort } from './open.ts'
import { ownActions } from './own.ts'
import { remove } from './remove.ts'
import { take } from './take.ts'

/** Everything that can be done to an object of a kind, in the order of its buttons. @param own what the user has added */
export const actionsOf = (kind: KindDescriptor, object: Stored, own: Yours): readonly Action[] => [
  ...(kind.logs?.(object) ? [logs] : []),
  ...(kind.actions ?? []),
  ...reaching(kind),
  ...ownActions(own, kind.resource),
  edit,
  remove,
]

/** What leads to the object from this machine. */
function reaching({ resource }: KindDescriptor): readonly Action[] {
  if (resource.kind === ingresses.kind && resource.group === ingresses.group) return [openIngress]
  const kind = forwardKindOf(resource)
  if (!kind) return []
  if (kind === 'Service') return [openPort(resource), forward, take]
  return kind === 'Pod' ? [openPort(resource), forward] : [forward]
}
