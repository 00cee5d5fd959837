import type { Cluster } from '#shared/contract/clusters.ts'
import type { Command } from './command.ts'
import { clustersOf, homesFrom } from './find-cluster.ts'
import { align } from './table.ts'

export const listCommand: Command = {
  usage: 'slipway list [--data DIR]',
  summary: 'list the clusters of this machine, running or not',
  help: 'Prints one line per cluster: name, state, Ready workers of all workers, API server, data folder.\n\n  --data DIR  only the clusters of this data folder',
  options: { data: { type: 'string' } },
  async run({ data }) {
    const rows = [['NAME', 'STATE', 'READY', 'SERVER', 'DATA']]
    for (const home of await homesFrom(data as string | undefined)) {
      for (const cluster of await clustersOf(home)) rows.push(row(cluster, home))
    }
    if (rows.length === 1) console.log('No clusters. Create one: npm run -s slipway -- up --name dev --workers 3')
    else console.log(align(rows))
  },
}

const row = (cluster: Cluster, home: string): string[] => [
  cluster.name,
  cluster.state,
  `${cluster.workers.filter((worker) => worker.ready).length}/${cluster.workers.length}`,
  cluster.server ?? '-',
  home,
]
