import { isConditionTrue } from './conditions.ts'
import type { Node } from './generated/types.ts'

/** Whether the node's kubelet says that it is ready, and is heard. */
export const isNodeReady = (node: Node): boolean => isConditionTrue(node.status?.conditions, 'Ready')

/** Taints of a node that is not ready, or not heard: set by the node lifecycle controller. */
export const notReadyTaints: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
