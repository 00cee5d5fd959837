import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'
import { reach } from './reach.ts'
import { align } from './table.ts'

export const diskCommand: Command = {
  usage: 'slipway disk NAME [--data DIR]',
  summary: 'show what a cluster takes on disk',
  help: `Of each worker its images and containers, and what pods keep on it; of the cluster its volumes, its objects with their
versions, and its snapshots. To clean up: slipway image prune, slipway snapshot delete, kubectl delete pvc.

  --data DIR  the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' } },
  async run({ data }, [name]) {
    if (name === undefined) throw new ExpectedError(`usage: ${this.usage}`)
    const home = await homeOf(name, data as string | undefined)
    const use = await reach(home, ({ call }) => call.care.disk({ cluster: name }))
    const rows = [
      ...use.workers.flatMap(({ name: worker, engineBytes, kubeletBytes }) => [
        [`${worker}: images, containers`, size(engineBytes)],
        [`${worker}: pods' own files`, size(kubeletBytes)],
      ]),
      ['volumes', size(use.volumesBytes)],
      ['objects and versions', size(use.folderBytes)],
      ['snapshots', size(use.snapshotsBytes)],
      ['free on this machine', size(use.freeBytes)],
    ]
    console.log(align([['WHAT', 'SIZE'], ...rows]))
  },
}

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
