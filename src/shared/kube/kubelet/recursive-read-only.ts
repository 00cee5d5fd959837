import type { VolumeMount } from '../generated/types.ts'

/**
 * Whether a mount makes what is mounted beneath it read-only too (kubelet: resolveRecursiveReadOnly).
 * @param isSupported by the node; where it is not, `Enabled` keeps the container from starting
 */
export const isRecursivelyReadOnly = ({ readOnly, recursiveReadOnly }: VolumeMount, isSupported: boolean): boolean =>
  readOnly === true && isSupported && (recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible')
