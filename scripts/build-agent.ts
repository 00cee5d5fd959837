import { join } from 'node:path'
import { build, type BuildOptions } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** Bundles the agent to one file for the worker's Node 20: `out/agent/agent.cjs`. */
export const agentBundle: BuildOptions = {
  entryPoints: [join(root, 'src/agent/main.ts')],
  outfile: join(root, 'out/agent/agent.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Native modules of dockerode's ssh transport, which the agent does not use.
  external: ['cpu-features', '*.node'],
  logLevel: 'error',
}

if (import.meta.main) await build(agentBundle)
