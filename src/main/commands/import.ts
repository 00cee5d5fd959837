import { open, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ImportedObject } from '#shared/contract/care.ts'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf, homesFrom } from './find-cluster.ts'
import { isServed } from './homes.ts'
import { reach } from './reach.ts'

export const importCommand: Command = {
  usage: 'slipway import NAME FILE [--dry-run] [--keep-keys] [--data DIR]',
  summary: 'apply manifests to a cluster, or make a new one from the file of a snapshot',
  help: `FILE is YAML, such as slipway export writes (- reads it from stdin), and is applied to the running cluster NAME by
server-side apply: fields that others own are left to them. One line per object; exits with 1 when one fails.
Or FILE is a snapshot (.slipway): NAME is then a new cluster, with its objects and volumes, and with keys of its own. The app
has to run.

  --dry-run    says what would happen
  --keep-keys  the new cluster has the keys in the snapshot, so that kubeconfigs of the cluster it is of stay valid; NAME has to
               be that cluster's. For your own snapshots alone: whoever has the file can sign in to the new cluster
  --data DIR   the data folder; all known ones are looked in when unset`,
  options: { data: { type: 'string' }, 'dry-run': { type: 'boolean' }, 'keep-keys': { type: 'boolean' } },
  async run({ data, 'dry-run': dryRun, 'keep-keys': keepKeys }, [name, file]) {
    if (name === undefined || file === undefined) throw new ExpectedError(`usage: ${this.usage}`)
    const folder = data as string | undefined
    if (file !== '-' && (await isSnapshot(file)))
      await openSnapshot(folder, { name, file: resolve(file), keepKeys: keepKeys === true })
    else await apply(await homeOf(name, folder), { name, file, dryRun: dryRun === true })
  },
}

/** A file that begins as zstd's do. */
async function isSnapshot(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => {
    throw new ExpectedError(`there is no file ${file}`)
  })
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.readUInt32LE() === 0xfd_2f_b5_28
  } finally {
    await handle.close()
  }
}

async function openSnapshot(
  data: string | undefined,
  { name, file, keepKeys }: { name: string; file: string; keepKeys: boolean },
): Promise<void> {
  const served: string[] = []
  for (const home of await homesFrom(data)) if (await isServed(home)) served.push(home)
  const [home] = served
  if (home === undefined || served.length > 1)
    throw new ExpectedError(
      home === undefined ? 'no app runs; start it: slipway serve' : `add --data with one of ${served.join(', ')}`,
    )
  await reach(home, async ({ call, settled }) => {
    await call.care.openSnapshot({ file, name, keepKeys })
    await settled(name)
  })
  console.log(`cluster "${name}" made from ${file}`)
}

async function apply(home: string, order: { name: string; file: string; dryRun: boolean }): Promise<void> {
  const manifests = order.file === '-' ? await text(process.stdin) : await readFile(order.file, 'utf8')
  const { objects } = await reach(home, ({ call }) =>
    call.care.importManifests({ cluster: order.name, manifests, dryRun: order.dryRun }),
  )
  for (const object of objects) console.log(lineOf(object, order.dryRun))
  const failed = objects.filter(({ result }) => result === 'failed').length
  if (failed > 0) throw new ExpectedError(`${failed} of ${objects.length} objects failed`)
}

function lineOf({ kind, namespace, name, result, reason }: ImportedObject, dryRun: boolean): string {
  const what = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
  if (result === 'unchecked') return `${what}: not checked: ${reason ?? ''}`
  return `${what}: ${reason ?? `${result}${dryRun ? ' (dry run)' : ''}`}`
}
