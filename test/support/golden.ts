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
 * One test per `*.input.yaml` of `folder`: starts a controller on the objects of that file and compares what it writes
 * until it rests with `*.output.yaml` beside it. The clock stands at 2026-01-01T00:00:00Z. `UPDATE_GOLDEN=1` writes the
 * outputs anew: look at the difference before believing it.
 */
export function goldenTests(folder: string, start: (context: ControllerContext) => Stop): void {
  const inputs = readdirSync(folder).filter((name) => name.endsWith('.input.yaml'))
  for (const input of inputs.sort()) {
    it(input.replace('.input.yaml', '').replaceAll('-', ' '), async () => {
      const writes = await run(readObjects(join(folder, input)), start)
      const output = join(folder, input.replace('.input.yaml', '.output.yaml'))
      if (process.env.UPDATE_GOLDEN) writeFileSync(output, stringify(writes, { aliasDuplicateObjects: false }))
      expect(existsSync(output), `${output} is missing`).toBe(true)
      expect(writes).toEqual(parse(readFileSync(output, 'utf8')))
    })
  }
}

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
