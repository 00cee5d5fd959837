import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { withServer } from './find-cluster.ts'
import type { Remote } from './remote.ts'

const usage = 'slipway worker add|remove|stop|start NAME WORKER [--data DIR]'

export const workerCommand: Command = {
  usage,
  summary: 'add, remove, stop or start one worker of a running cluster',
  help: 'Waits for completion: `add` until the worker is Ready, `start` until it is running, `remove` until it is completely removed.\n\n  --data DIR  the data folder to look in; all known ones when unset',
  options: { data: { type: 'string' } },
  async run({ data }, [verb, name, worker]) {
    const act = verb === undefined ? undefined : verbs[verb]
    if (!act || worker === undefined) throw new ExpectedError(`usage: ${usage}`)
    await withServer(name, data as string | undefined, (remote, cluster) => act(remote, cluster, worker))
    console.log(
      `worker "${worker}" ${verb === 'stop' ? 'stopped' : verb === 'start' ? 'started' : `${verb ?? ''}${verb === 'add' ? 'ed' : 'd'}`}`,
    )
  },
}

const verbs: Record<string, (remote: Remote, cluster: string, worker: string) => Promise<void>> = {
  async add(remote, cluster, worker) {
    await remote.call.clusters.addWorker({ name: cluster, worker })
    await remote.settled(cluster)
  },
  async remove(remote, cluster, worker) {
    await remote.call.clusters.removeWorker({ cluster, worker })
    await remote.settled(cluster)
  },
  stop: (remote, cluster, worker) => remote.call.clusters.stopWorker({ cluster, worker }),
  start: (remote, cluster, worker) => remote.call.clusters.startWorker({ cluster, worker }),
}
