import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import type { Stop } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { createFakeClock, settle } from './fake-clock.ts'
import { createRecordingClient } from './recording-client.ts'

/**
 * One test per `*.input.yaml` of `folder`: what `produce` makes of the objects of that file is compared with
 * `*.output.yaml` beside it. `UPDATE_GOLDEN=1` writes the outputs anew: read the difference before you believe it.
 */
export function goldenPairs(folder: string, produce: (objects: KubeObject[]) => unknown): void {
  const inputs = readdirSync(folder).filter((name) => name.endsWith('.input.yaml'))
  for (const input of inputs.sort()) {
    it(input.replace('.input.yaml', '').replaceAll('-', ' '), async () => {
      const produced = await produce(readObjects(join(folder, input)))
      const output = join(folder, input.replace('.input.yaml', '.output.yaml'))
      if (process.env.UPDATE_GOLDEN) writeFileSync(output, stringify(produced, { aliasDuplicateObjects: false }))
      expect(existsSync(output), `${output} is missing`).toBe(true)
      // Through YAML as the file is: an undefined field equals an absent one.
      expect(parse(stringify(produced, { aliasDuplicateObjects: false }))).toEqual(parse(readFileSync(output, 'utf8')))
    })
  }
}

/** The time at which controllers of golden pairs decide: 2026-01-01T00:00:00Z. */
export const goldenNow = Date.parse('2026-01-01T00:00:00Z')

/** Golden pairs of a whole controller: what it writes until it rests, on a client that takes every write at its word. */
export const goldenTests = (folder: string, start: (context: ControllerContext) => Stop): void =>
  goldenPairs(folder, (objects) => run(objects, start))

async function run(objects: KubeObject[], start: (context: ControllerContext) => Stop): Promise<unknown[]> {
  const clock = createFakeClock()
  const { client, writes } = createRecordingClient(objects, clock)
  const informers = createSharedInformers({ client, clock, log: silentLog })
  const stop = start({ client, informers, clock, log: silentLog })
  for (let seen = -1; seen < writes.length;) {
    seen = writes.length
    for (let turn = 0; turn < 5; turn++) await settle()
  }
  await stop()
  informers.stop()
  return writes
}

const readObjects = (path: string): KubeObject[] =>
  parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as KubeObject)
