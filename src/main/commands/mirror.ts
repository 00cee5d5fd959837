import { mirroredRegistry, mirrorsOf, mirrorUrls } from '#shared/contract/clusters.ts'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { clustersOf, homeOf } from './find-cluster.ts'
import { reach } from './reach.ts'
import { align } from './table.ts'

const usage = 'slipway mirror list|set|remove NAME [REGISTRY [URL…]] [--data DIR]'

export const mirrorCommand: Command = {
  usage,
  summary: 'list or change the mirrors of registries that the workers of a cluster ask first',
  help: `list NAME                    the mirrors of each registry, in the order in which they are asked
set NAME REGISTRY URL…       ghcr.io https://mirror.example.com/ghcr; instead of those that it had
remove NAME REGISTRY         the registry itself is asked alone

URLs are as the workers reach them. An image that no mirror has comes from its registry. Running workers ask them from
their next pull on; none is restarted. A mirror gets the sign-in that \`docker login\` has for it, never a pod's pull secrets.

  --data DIR  the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' } },
  async run({ data }, [verb, name, registry, ...urls]) {
    const isComplete =
      (verb === 'list' && registry === undefined) ||
      (verb === 'set' && urls.length > 0) ||
      (verb === 'remove' && registry !== undefined && urls.length === 0)
    if (!isComplete || name === undefined) throw new ExpectedError(`usage: ${usage}`)
    const home = await homeOf(name, data as string | undefined)
    if (registry === undefined) return list(home, name)
    const given = { registry: mirroredRegistry.safeParse(registry), urls: mirrorUrls.safeParse(urls) }
    const problem = given.registry.error ?? given.urls.error
    if (problem) throw new ExpectedError(problem.issues[0]?.message ?? 'invalid')
    await reach(home, ({ call }) => call.care.setMirrors({ cluster: name, registry, urls }))
    console.log(urls.length === 0 ? `${registry} is asked itself` : `${registry}: ${urls.join(', ')}`)
  },
}

async function list(home: string, name: string): Promise<void> {
  const cluster = (await clustersOf(home)).find((each) => each.name === name)
  const rows = Object.entries(cluster ? mirrorsOf(cluster.spec) : {}).map(([registry, urls]) => [
    registry,
    urls.join(', '),
  ])
  console.log(rows.length === 0 ? 'no mirrors' : align([['REGISTRY', 'MIRRORS'], ...rows]))
}
