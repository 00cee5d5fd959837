import { implement } from '@orpc/server'
import { contract } from '#shared/contract/index.ts'

/** The contract as a tree of procedures waiting for their handlers. */
export const implementer = implement(contract)
