import { createRouterClient } from '@orpc/server'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '#shared/contract/index.ts'
import { offline } from './find-cluster.ts'
import { isServed } from './homes.ts'
import { connectRemote } from './remote.ts'

/** The back of a home, whoever runs it. */
export interface Reached {
  call: ContractRouterClient<Contract>
  /** Waits until no operation runs on cluster `name`. @throws Error with the operation's error */
  settled(name: string): Promise<void>
}

/** Runs `task` with the process that serves the home, else with a back of its own, which starts no cluster. */
export async function reach<T>(home: string, task: (back: Reached) => Promise<T>): Promise<T> {
  if (!(await isServed(home)))
    return offline(home, ({ router, clusters }) =>
      task({ call: createRouterClient(router, { context: {} }), settled: (name) => clusters.settled(name) }),
    )
  const remote = await connectRemote(home)
  try {
    return await task(remote)
  } finally {
    remote.close()
  }
}
