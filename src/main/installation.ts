import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ThreadEntries } from './cluster/control-plane.ts'

/** Paths of this installation's parts: the same beside a checkout's `out/` as in a packaged app. */
export interface Installation {
  root: string
  version: string
  /** Where newer versions are told: `slipway.updates` of package.json, which this repository leaves unset. */
  updates: string | undefined
  /** The built user interface. */
  renderer: string
  /** `resources/`: icons, worker image, manifests. */
  resources: string
  /** The agent's bundle, copied into workers. */
  agentBundle: string
  threads: ThreadEntries
}

export function findInstallation(): Installation {
  const root = rootAbove(dirname(fileURLToPath(import.meta.url)))
  const { version, slipway } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
    slipway?: { updates?: string }
  }
  return {
    root,
    version,
    updates: slipway?.updates,
    renderer: join(root, 'out/renderer'),
    resources: join(root, 'resources'),
    agentBundle: join(root, 'out/agent/agent.cjs'),
    threads: {
      store: pathToFileURL(join(root, 'out/main/store-worker.js')),
      yaml: pathToFileURL(join(root, 'out/main/yaml-worker.js')),
    },
  }
}

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('package.json of slipway not found')
  return rootAbove(parent)
}

/** The default data folder: SLIPWAY_HOME, else the XDG data folder. */
export function defaultHome(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SLIPWAY_HOME) return env.SLIPWAY_HOME
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'slipway')
}
