// What goes into a package: the built app as it is, with the programs of its back bundled, so that a package needs no node_modules.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from '../scripts/set-up.mjs'
import { thirdPartyLicences } from './licences.mjs'

const { build } = createRequire(join(root, 'package.json'))('esbuild')

/**
 * Stages the built app in `folder`: `app/` for the archive of the desktop app, `cli/` for the command line, which runs on a Node
 * of its own and cannot read that archive.
 */
export async function stage(folder) {
  rmSync(folder, { recursive: true, force: true })
  const app = join(folder, 'app')
  const { inputs } = await bundleMain(join(app, 'out/main'))
  for (const part of ['preload', 'renderer', 'agent'])
    cpSync(join(root, 'out', part), join(app, 'out', part), { recursive: true, filter: isShipped })
  cpSync(join(root, 'resources'), join(app, 'resources'), { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest(), undefined, 2))

  const cli = join(folder, 'cli')
  mkdirSync(cli, { recursive: true })
  cpSync(app, cli, { recursive: true, filter: (path) => !path.startsWith(join(app, 'out/preload')) })
  writeFileSync(join(folder, 'LICENSES.txt'), thirdPartyLicences(Object.keys(inputs)))
}

async function bundleMain(outdir) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      index: 'src/main/index.ts',
      cli: 'src/main/cli.ts',
      'store-worker': 'src/main/cluster/store/log-worker.ts',
      'yaml-worker': 'src/main/cluster/apiserver/codec/yaml-worker.ts',
    },
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    // The native modules of dockerode's ssh transport are optional.
    external: ['electron', 'cpu-features', '*.node'],
    // CommonJS packages ask for what a module of ECMAScript lacks.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;",
    },
    logLevel: 'error',
  })
  return metafile
}

const isShipped = (path) => !path.endsWith('.map')

/** What Electron and the app itself read; dependencies are in the bundle. */
function manifest() {
  const { name, version, description, license, type, main } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  return { name, productName: 'Slipway', version, description, license, type, main, ...identity }
}

const identity = {
  // The name of the desktop entry, by which a Linux desktop knows whose window it is.
  desktopName: 'slipway-desktop.desktop',
  homepage: 'https://slipway.dev',
  author: { name: 'The Slipway authors', email: 'packages@slipway.dev' },
}
