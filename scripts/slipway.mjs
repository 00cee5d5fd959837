// `npm run -s slipway -- …`: builds what is outdated, then runs the command line on the project's own Node.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { endTogether, parentEnv } from './end-together.mjs'
import { root, ensureBuilt, ensureDependencies, nodeEnv, nodeFlags, projectNode } from './set-up.mjs'

await ensureDependencies({ quiet: true })
await ensureBuilt({ quiet: true })
const child = spawn(projectNode(), [...nodeFlags, join(root, 'out/main/cli.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ...nodeEnv, ...parentEnv },
})
endTogether(child)
