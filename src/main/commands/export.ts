import { writePrivateFile } from '#main/keys/private-file.ts'
import { resolve } from 'node:path'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'
import { reach } from './reach.ts'

export const exportCommand: Command = {
  usage: 'slipway export NAME [FILE] [--namespace NAMESPACE] [--secrets] [--data DIR]',
  summary: 'write what users have made in a cluster as manifests',
  help: `Manifests for any cluster, in the order in which they are applied: without status, addresses, owners and whatever else
belongs to this cluster, and without what a cluster makes itself. Data of volumes is not in it; a snapshot has that. To
stdout when FILE is unset. Works for clusters that do not run, too.

  --namespace NAMESPACE  only this namespace, without objects of the cluster; may be repeated
  --secrets              Secrets, too, in the clear; they are left out and named otherwise
  --data DIR             the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' }, namespace: { type: 'string', multiple: true }, secrets: { type: 'boolean' } },
  async run({ data, namespace, secrets }, [name, file]) {
    if (name === undefined) throw new ExpectedError(`usage: ${this.usage}`)
    const home = await homeOf(name, data as string | undefined)
    const namespaces = Array.isArray(namespace) ? { namespaces: namespace } : {}
    const { manifests, objects, withheld } = await reach(home, ({ call }) =>
      call.care.exportManifests({ cluster: name, ...namespaces, secrets: secrets === true }),
    )
    if (file === undefined) process.stdout.write(manifests)
    else {
      await writePrivateFile(resolve(file), manifests)
      console.log(`${objects} objects of cluster "${name}" written to ${file}`)
    }
    if (withheld.length > 0)
      process.stderr.write(
        `slipway: left out ${withheld.length} Secrets (${withheld.join(', ')}); --secrets adds them\n`,
      )
  },
}
