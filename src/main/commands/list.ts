import type { Cluster } from '#shared/contract/clusters.ts'
import type { Command } from './command.ts'
import { clustersOf, homesFrom } from './find-cluster.ts'

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

function align(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
