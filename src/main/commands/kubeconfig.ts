import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'

export const kubeconfigCommand: Command = {
  usage: 'slipway kubeconfig NAME [--data DIR]',
  summary: 'print the administrator kubeconfig of a cluster',
  help: 'Prints credentials: keep them secret. For one shell: export KUBECONFIG=<(slipway kubeconfig NAME), or write it to a file of mode 0600.\n\n  --data DIR  the data folder to look in; all known ones when unset',
  options: { data: { type: 'string' } },
  async run({ data }, [name]) {
    const home = await homeOf(name, data as string | undefined)
    try {
      process.stdout.write(await readFile(join(home, 'clusters', name ?? '', 'kubeconfig'), 'utf8'))
    } catch {
      throw new ExpectedError(`cluster "${name ?? ''}" has not been started yet`)
    }
  },
}
