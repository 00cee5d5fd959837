import { resolve } from 'node:path'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homesFrom } from './find-cluster.ts'
import { reach } from './reach.ts'

export const diagnosticsCommand: Command = {
  usage: 'slipway diagnostics [FILE] [--cluster NAME] [--pod-logs] [--data DIR]',
  summary: 'write one archive with which somebody else can find out what is wrong',
  help: `Versions, settings, states, objects, events, and logs of the app and its workers, as FILE (.tar.gz), which only you can
read. Without data of Secrets and ConfigMaps, values of environment variables, keys and tokens; what of those a log
repeats is taken out of it, too. Look through it before you give it away.

  --cluster NAME  only this cluster; may be repeated
  --pod-logs      the last 500 lines of each container, too
  --data DIR      the data folder; ~/.local/share/slipway when unset`,
  options: { data: { type: 'string' }, cluster: { type: 'string', multiple: true }, 'pod-logs': { type: 'boolean' } },
  async run({ data, cluster, 'pod-logs': podLogs }, [file]) {
    const [home] = await homesFrom(data as string | undefined)
    if (home === undefined) throw new ExpectedError('there is no data folder yet')
    const clusters = Array.isArray(cluster) ? { clusters: cluster } : {}
    const target = resolve(file ?? `slipway-diagnostics-${new Date().toISOString().slice(0, 10)}.tar.gz`)
    const made = await reach(home, ({ call }) =>
      call.care.diagnostics({ ...clusters, podLogs: podLogs === true, file: target }),
    )
    console.log(`${made.file}: ${(made.bytes / 1e6).toFixed(1)} MB, ${made.redacted} values taken out`)
  },
}
