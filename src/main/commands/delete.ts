import type { Command } from './command.ts'
import { holds, homeOf, offline } from './find-cluster.ts'
import { isServed } from './homes.ts'
import { connectRemote } from './remote.ts'

export const deleteCommand: Command = {
  usage: 'slipway delete NAME [--data DIR]',
  summary: 'delete a cluster with its workers, volumes and data',
  help: 'Returns when the cluster is completely removed. This cannot be undone.\n\n  --data DIR  the data folder to look in; all known ones when unset',
  options: { data: { type: 'string' } },
  async run({ data }, [name = '']) {
    const home = await homeOf(name || undefined, data as string | undefined)
    if (await isServed(home)) {
      const remote = await connectRemote(home)
      try {
        await remote.call.clusters.delete({ name })
        await remote.settled(name)
      } catch (error) {
        // `slipway up` ends with its cluster, and so does the connection to it.
        if (await holds(home, name)) throw error
      } finally {
        remote.close()
      }
    } else {
      await offline(home, async ({ clusters }) => {
        clusters.delete(name)
        await clusters.settled(name)
      })
    }
    console.log(`cluster "${name}" deleted`)
  },
}
