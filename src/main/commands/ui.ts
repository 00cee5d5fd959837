import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homesFrom } from './find-cluster.ts'
import { isServed } from './homes.ts'
import { signInUrl } from './remote.ts'

export const uiCommand: Command = {
  usage: 'slipway ui [--data DIR]',
  summary: 'print a new one-time address of the running app',
  help: 'For a headless Slipway whose first address has already been used.\n\n  --data DIR  the data folder of the running app, if it is not the only one',
  options: { data: { type: 'string' } },
  async run({ data }) {
    for (const home of await homesFrom(data as string | undefined)) {
      if (!(await isServed(home))) continue
      console.log(await signInUrl(home))
      return
    }
    throw new ExpectedError('Slipway is not running; start it: npm start')
  },
}
