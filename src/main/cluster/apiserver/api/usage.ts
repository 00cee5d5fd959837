/** Usage of nodes and pods as it was last measured; by the collector of the control plane. */
export interface UsageReader {
  /** Undefined when it is not known, or not known any more. */
  node(name: string): MeasuredUsage | undefined
  /** @param uid of the pod: one that had the same name before is another */
  pod(namespace: string, name: string, uid: string): MeasuredPod | undefined
}

export interface MeasuredUsage {
  /** End of the window, ms since the epoch. */
  at: number
  windowMs: number
  /** Average over the window. */
  cpuNanocores: number
  /** Working set at the end of the window. */
  memoryBytes: number
}

export interface MeasuredPod extends Pick<MeasuredUsage, 'at' | 'windowMs'> {
  containers: (MeasuredUsage & { name: string })[]
}
