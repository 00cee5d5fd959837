import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { request } from 'node:http'
import type { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { ClusterImages } from '#main/cluster/index.ts'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'
import { controlSocketOf, isServed } from './homes.ts'
import { align } from './table.ts'

const usage = 'slipway image list|load|prune NAME [FILE|IMAGE] [--data DIR]'

export const imageCommand: Command = {
  usage,
  summary: 'list, load or remove the images of the workers of a running cluster',
  help: `list NAME         what each worker holds
load NAME FILE    an archive of docker save, compressed or not, into every worker; - reads it from stdin
load NAME IMAGE   an image of this machine's Docker Engine into the workers that lack it
prune NAME        removes images that no pod uses

Every file of an archive is checked against its digest, and every worker for the image afterwards. Exits with 1 when
something fails on any worker. Loading is not needed for images of this machine's engine: workers take them when a pod
asks for them.

  --data DIR  the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' } },
  async run({ data }, [verb, name, source]) {
    const act = verb === undefined ? undefined : verbs[verb]
    if (!act || name === undefined || (verb === 'load') !== (source !== undefined))
      throw new ExpectedError(`usage: ${usage}`)
    const home = await homeOf(name, data as string | undefined)
    if (!(await isServed(home)))
      throw new ExpectedError(`cluster "${name}" is not running; start it: slipway up --name ${name}`)
    await act({ socketPath: controlSocketOf(home), cluster: name }, source ?? '')
  },
}

interface Server {
  socketPath: string
  cluster: string
}

const verbs: Record<string, (server: Server, source: string) => Promise<void>> = {
  async list(server) {
    const workers = await ask<Awaited<ReturnType<ClusterImages['list']>>>(server, { method: 'GET' })
    const rows = workers.flatMap((one) =>
      'error' in one
        ? []
        : one.images.map(({ names, id, sizeBytes, used }) => [
            one.worker,
            names.at(-1) ?? '<none>',
            id.replace('sha256:', '').slice(0, 12),
            megabytes(sizeBytes),
            used ? 'yes' : 'no',
          ]),
    )
    console.log(align([['WORKER', 'IMAGE', 'ID', 'SIZE', 'USED'], ...rows]))
    throwFailures(workers)
  },
  async load(server, source) {
    const isFile = source === '-' || (await stat(source).catch(() => undefined))?.isFile() === true
    const { images, workers } = await ask<Awaited<ReturnType<ClusterImages['load']>>>(server, {
      method: 'POST',
      ...(isFile ? { body: source === '-' ? process.stdin : createReadStream(source) } : { reference: source }),
    })
    const names = images.map(({ names: [name], id }) => name ?? id).join(', ')
    console.log(workers.length > 0 ? `${names} loaded into ${workers.join(', ')}` : `every worker has ${names} already`)
  },
  async prune(server) {
    const workers = await ask<Awaited<ReturnType<ClusterImages['prune']>>>(server, { method: 'DELETE' })
    for (const one of workers)
      if (!('error' in one))
        console.log(`${one.worker}: ${one.removed.length} removed, ${megabytes(one.freedBytes)} freed`)
    throwFailures(workers)
  },
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

function throwFailures(workers: readonly ({ worker: string } & ({ error: string } | object))[]): void {
  const failures = workers.flatMap((one) => ('error' in one ? [`${one.worker}: ${one.error}`] : []))
  if (failures.length > 0) throw new ExpectedError(failures.join('; '))
}

/** Asks the process that serves the cluster, on its control socket. @throws ExpectedError with its refusal */
async function ask<T>(
  { socketPath, cluster }: Server,
  { method, body, reference }: { method: string; body?: Readable; reference?: string },
): Promise<T> {
  const query = new URLSearchParams({ cluster, ...(reference === undefined ? {} : { reference }) })
  const outgoing = request({ socketPath, method, path: `/images?${query.toString()}` })
  const answered = new Promise<T>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      json(response).then((value) => {
        const refusal = (value as { error?: string }).error
        if (response.statusCode === 200) resolve(value as T)
        else reject(new ExpectedError(refusal ?? `slipway answers ${response.statusCode ?? 0}`))
      }, reject)
    })
  })
  // A refusal may come before the archive has been sent; it says more than the broken pipe.
  if (body) await Promise.race([pipeline(body, outgoing).catch(() => undefined), answered.catch(() => undefined)])
  else outgoing.end()
  return answered
}
