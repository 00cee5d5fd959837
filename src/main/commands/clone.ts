import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'
import { isServed } from './homes.ts'
import { reach } from './reach.ts'
import { pathOrName } from './snapshot.ts'

export const cloneCommand: Command = {
  usage: 'slipway clone NAME NEW [--snapshot SNAPSHOT] [--data DIR]',
  summary: 'make a new cluster with the objects and volumes of another one',
  help: `NEW has as many workers as NAME, ports and keys of its own, and the objects and volumes of NAME as they are now, or
were in a snapshot. Credentials for one of them are of no use with the other. The app has to run: it runs the new cluster.

  --snapshot SNAPSHOT  a snapshot of NAME, or the path of a file
  --data DIR           the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' }, snapshot: { type: 'string' } },
  async run({ data, snapshot }, [name, target]) {
    if (name === undefined || target === undefined) throw new ExpectedError(`usage: ${this.usage}`)
    const home = await homeOf(name, data as string | undefined)
    if (!(await isServed(home)))
      throw new ExpectedError(`no app serves ${home}; start it: slipway serve --data ${home}`)
    await reach(home, async ({ call, settled }) => {
      const from = typeof snapshot === 'string' ? { snapshot: pathOrName(snapshot) } : {}
      await call.care.clone({ cluster: name, name: target, ...from })
      await settled(target)
    })
    console.log(`cluster "${target}" is a clone of "${name}"`)
  },
}
