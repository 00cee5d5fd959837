import type { Stored } from '#shared/kube/object.ts'
import type { KindDescriptor } from '../descriptor.ts'
import type { Action } from './action.ts'
import { edit } from './edit.ts'
import { logs } from './logs.ts'
import { remove } from './remove.ts'

/** Everything that can be done to an object of a kind, in the order of its buttons. */
export const actionsOf = (kind: KindDescriptor, object: Stored): readonly Action[] => [
  ...(kind.logs?.(object) ? [logs] : []),
  ...(kind.actions ?? []),
  edit,
  remove,
]
