import type { LinuxContainerUser } from '../generated/types.ts'

/** One run of a container, as its runtime shows it. */
export interface ContainerAttempt {
  id: string
  /** Counts from 0 for each container of a pod. */
  attempt: number
  state: 'created' | 'running' | 'exited'
  exitCode: number
  oomKilled: boolean
  /** The error of a failed start. */
  error: string
  /** Times as RFC 3339. */
  createdAt: string
  startedAt?: string
  finishedAt?: string
  /** Hash of the part of its spec that a running container cannot change. */
  hash: string
  /** Who its first process began as, where the runtime tells. */
  user?: LinuxContainerUser
}
