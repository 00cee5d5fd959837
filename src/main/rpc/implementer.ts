import { implement } from '@orpc/server'
import { contract } from '#shared/contract/index.ts'

/** Who calls: a window of the desktop app, or a browser tab. */
export interface Caller {
  /** Id of the window's contents. */
  window?: number
}

/** The contract as a tree of procedures waiting for their handlers. */
export const implementer = implement(contract).$context<Caller>()
