import { isConditionTrue } from './conditions.ts'
import type { Node } from './generated/types.ts'

/** Whether the node's Ready condition is True. */
export const isNodeReady = (node: Node): boolean => isConditionTrue(node.status?.conditions, 'Ready')

/** Taints that the node lifecycle controller sets on a node that is not ready or unreachable. */
export const notReadyTaints: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
