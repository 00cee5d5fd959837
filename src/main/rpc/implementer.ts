import { implement } from '@orpc/server'
import { contract } from '#shared/contract/index.ts'
import { userErrorOf } from './user-error.ts'

/** Who calls: a window of the desktop app, or a browser tab. */
export interface Caller {
  /** Id of the window's contents. */
  window?: number
}

/** The contract as a tree of procedures waiting for their handlers. What these throw is told to the caller. */
export const implementer = implement(contract)
  .$context<Caller>()
  .use(async ({ next }) => {
    try {
      return await next()
    } catch (error) {
      throw userErrorOf(error)
    }
  })
