import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/** How @electron/fuses finds the fuses in a binary: this text, a version, how many there are, and one character for each. */
const fuseWire = Buffer.concat([
  Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
  Buffer.from([1, 9]),
  Buffer.from('101100010'),
])

/**
 * An unpacked Electron for electron-builder where the real one cannot be had: its binary is a script that starts the packaged
 * archive in the packaged Node, with the stand-in for the `electron` module, and tells what the app does.
 */
export async function writeStandInDistribution(folder: string): Promise<void> {
  const program = Buffer.from(
    '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/resources/node" "$here/stand-in/main.js" "$@"\nexit\n',
  )
  await mkdir(join(folder, 'resources'), { recursive: true })
  await mkdir(join(folder, 'locales'), { recursive: true })
  await writeFile(join(folder, 'electron'), Buffer.concat([program, fuseWire]))
  await chmod(join(folder, 'electron'), 0o755)
  await writeFile(join(folder, 'chrome-sandbox'), '#!/bin/sh\n')
  await chmod(join(folder, 'chrome-sandbox'), 0o755)
  await writeFile(join(folder, 'locales/en-US.pak'), '')
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'version']) await writeFile(join(folder, name), 'stand-in\n')
  await build({
    entryPoints: {
      main: join(import.meta.dirname, 'main.ts'),
      electron: join(import.meta.dirname, '../../support/electron/electron.ts'),
    },
    outdir: join(folder, 'stand-in'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['@playwright/test'],
    logLevel: 'error',
  })
  await cp(join(import.meta.dirname, 'package.json'), join(folder, 'stand-in/package.json'))
}
