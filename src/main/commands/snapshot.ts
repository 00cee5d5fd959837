import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf, homesFrom } from './find-cluster.ts'
import { reach, type Reached } from './reach.ts'
import { align } from './table.ts'

const usage = 'slipway snapshot create|list|restore|delete [NAME] [SNAPSHOT] [--yes NAME] [--keep-nothing] [--data DIR]'

export const snapshotCommand: Command = {
  usage,
  summary: 'take a snapshot of a cluster with its volumes, or put one back',
  help: `create NAME [SNAPSHOT]   objects at one revision and all volumes, while the workers stand still
list [NAME]              the snapshots of a cluster, or of all clusters
restore NAME SNAPSHOT    puts objects and volumes back; SNAPSHOT may be the path of a file
delete NAME SNAPSHOT     removes the file

A running cluster is stopped for a restore and started again; what its pods wrote since the snapshot is lost, hence
--yes with its name. What is there before is kept in a snapshot of its own, unless --keep-nothing is given. A file that is
broken is refused before anything is changed. Snapshots hold Secrets and keys in the clear, in files that only you can read;
they stay when the cluster is deleted.

  --yes NAME      the cluster's name once more, for a restore
  --keep-nothing  no snapshot of what is there before
  --data DIR      the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' }, yes: { type: 'string' }, 'keep-nothing': { type: 'boolean' } },
  async run({ data, yes, 'keep-nothing': keepNothing }, [verb = '', name, snapshot]) {
    const folder = data as string | undefined
    if (verb === 'list') {
      await list(folder, name)
      return
    }
    const act = verbs[verb]
    if (!act || name === undefined || (verb !== 'create' && snapshot === undefined))
      throw new ExpectedError(`usage: ${usage}`)
    if (verb === 'restore' && yes !== name)
      throw new ExpectedError(`this replaces all objects and volumes of "${name}": add --yes ${name}`)
    const home = await homeOf(name, folder)
    console.log(await reach(home, (back) => act(back, { name, snapshot, first: keepNothing !== true })))
  },
}

interface Order {
  name: string
  snapshot: string | undefined
  first: boolean
}

const verbs: Record<string, (back: Reached, order: Order) => Promise<string>> = {
  async create({ call, settled }, { name, snapshot }) {
    const { name: taken } = await call.care.takeSnapshot({ cluster: name, ...(snapshot ? { name: snapshot } : {}) })
    await settled(name)
    const { snapshots } = await call.care.snapshots({ cluster: name })
    const made = snapshots.find((each) => each.name === taken)
    return `snapshot "${taken}" of cluster "${name}": ${made?.objects ?? 0} objects, ${made?.volumes ?? 0} volumes, ${made?.file ?? ''}`
  },
  async restore({ call, settled }, { name, snapshot = '', first }) {
    await call.care.restoreSnapshot({ cluster: name, snapshot: pathOrName(snapshot), first })
    await settled(name)
    return `cluster "${name}" is as it was in snapshot "${snapshot}"`
  },
  async delete({ call }, { name, snapshot = '' }) {
    await call.care.deleteSnapshot({ cluster: name, snapshot })
    return `snapshot "${snapshot}" of cluster "${name}" deleted`
  },
}

/** What has a slash or exists here is a file. */
export const pathOrName = (text: string): string => (text.includes('/') || existsSync(text) ? resolve(text) : text)

async function list(data: string | undefined, name: string | undefined): Promise<void> {
  const rows = [['CLUSTER', 'SNAPSHOT', 'TAKEN', 'OBJECTS', 'VOLUMES', 'SIZE']]
  for (const home of await homesFrom(data)) {
    const { snapshots } = await reach(home, ({ call }) =>
      call.care.snapshots(name === undefined ? {} : { cluster: name }),
    )
    for (const { cluster, name: own, takenAt, objects, volumes, bytes, problem } of snapshots)
      rows.push([
        cluster,
        own,
        new Date(takenAt).toISOString().slice(0, 16).replace('T', ' '),
        problem === undefined ? String(objects) : 'broken',
        String(volumes),
        `${(bytes / 1e6).toFixed(1)} MB`,
      ])
  }
  console.log(rows.length === 1 ? 'No snapshots. Take one: slipway snapshot create NAME' : align(rows))
}
