import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the agent to one file for the worker's Node 20: `out/agent/agent.cjs`. */
const root = join(import.meta.dirname, '..')
await build({
  entryPoints: [join(root, 'src/agent/main.ts')],
  outfile: join(root, 'out/agent/agent.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Native speed-ups of dockerode's ssh transport, which the agent never uses.
  external: ['cpu-features', '*.node'],
  logLevel: 'error',
})
