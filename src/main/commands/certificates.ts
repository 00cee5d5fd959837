import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'
import { reach } from './reach.ts'
import { align } from './table.ts'

const usage = 'slipway certificates list|rotate NAME [--authorities] [--data DIR]'

export const certificatesCommand: Command = {
  usage,
  summary: "list a cluster's certificates with their end, or issue them anew",
  help: `list NAME    those that end first at first: the cluster's own, its workers', and those in Secrets of type kubernetes.io/tls
rotate NAME  new ones for the API server, the administrator (in the kubeconfig), the tunnels and the workers; pods go on

Certificates are valid for a year and renewed 60 days before, when the cluster starts; authorities for ten years.

  --authorities  new authorities, too: all workers are restarted, and copies of the kubeconfig are of no use any more
  --data DIR     the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' }, authorities: { type: 'boolean' } },
  async run({ data, authorities }, [verb, name]) {
    if ((verb !== 'list' && verb !== 'rotate') || name === undefined) throw new ExpectedError(`usage: ${usage}`)
    const home = await homeOf(name, data as string | undefined)
    await reach(home, async ({ call, settled }) => {
      if (verb === 'rotate') {
        await call.care.rotateCertificates({ cluster: name, authorities: authorities === true })
        await settled(name)
        console.log(`certificates of cluster "${name}" rotated`)
        return
      }
      const { certificates } = await call.care.certificates({ cluster: name })
      const rows = certificates.map(({ name: own, kind, subject, expires }) => {
        const days = Math.floor((expires - Date.now()) / 86_400_000)
        return [own, kind, new Date(expires).toISOString().slice(0, 10), `${days}d`, subject]
      })
      console.log(align([['NAME', 'KIND', 'EXPIRES', 'LEFT', 'SUBJECT'], ...rows]))
    })
  },
}
