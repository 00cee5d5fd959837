import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Cluster } from '#shared/contract/clusters.ts'
import { createLog } from '../log.ts'
import { findInstallation } from '../installation.ts'
import { openBack } from '../back.ts'
import { ExpectedError } from './expected-error.ts'
import { isServed, knownHomes } from './homes.ts'
import { connectRemote, type Remote } from './remote.ts'

/** The homes to search: the one named by `--data`, else all known ones. */
export async function homesFrom(data: string | undefined): Promise<string[]> {
  if (data === undefined) return knownHomes()
  if (!existsSync(data)) throw new ExpectedError(`there is no data folder ${data}`)
  return [resolve(data)]
}

/** The home that holds cluster `name`. @throws ExpectedError when none or several do */
export async function homeOf(name: string | undefined, data: string | undefined): Promise<string> {
  if (name === undefined) throw new ExpectedError('name a cluster; see: slipway list')
  const homes: string[] = []
  for (const home of await homesFrom(data)) if (await holds(home, name)) homes.push(home)
  const [home] = homes
  if (home === undefined) throw new ExpectedError(`there is no cluster named "${name}"; see: slipway list`)
  if (homes.length > 1)
    throw new ExpectedError(`several data folders have a cluster "${name}": add --data with one of ${homes.join(', ')}`)
  return home
}

/** Runs `task` with the process that serves a running cluster. @throws ExpectedError where none does */
export async function withServer<T>(
  name: string | undefined,
  data: string | undefined,
  task: (remote: Remote, name: string) => Promise<T>,
): Promise<T> {
  const home = await homeOf(name, data)
  if (!(await isServed(home)))
    throw new ExpectedError(`cluster "${name ?? ''}" is not running; start it: slipway up --name ${name ?? ''}`)
  const remote = await connectRemote(home)
  try {
    return await task(remote, name ?? '')
  } finally {
    remote.close()
  }
}

/** Whether a home has the folder of a cluster. */
export async function holds(home: string, name: string): Promise<boolean> {
  const folders = await readdir(join(home, 'clusters')).catch((): string[] => [])
  return folders.includes(name)
}

/** The clusters of a home: from the process that serves it, else from its folder. */
export async function clustersOf(home: string): Promise<Cluster[]> {
  if (await isServed(home)) {
    const remote = await connectRemote(home)
    try {
      return await remote.clusters()
    } finally {
      remote.close()
    }
  }
  return offline(home, async ({ clusters }) => clusters.list())
}

/** Opens a home that no process serves, while `task` runs. */
export async function offline<T>(
  home: string,
  task: (back: Awaited<ReturnType<typeof openBack>>) => Promise<T>,
): Promise<T> {
  const back = await openBack({
    home,
    mode: 'headless',
    installation: findInstallation(),
    log: createLog({ level: 'warn' }),
    quit: () => undefined,
  })
  try {
    return await task(back)
  } finally {
    await back.close('keep')
  }
}
