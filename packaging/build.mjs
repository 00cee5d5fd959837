// `npm run package`: the installers of this platform in dist/; `npm run package -- deb AppImage` only those.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, Platform } from 'electron-builder'
import { root } from '../scripts/set-up.mjs'
import { configuration } from './configuration.mjs'
import { stage } from './stage.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', default: join(root, 'dist') }, 'electron-dist': { type: 'string' } },
})
const staged = join(values.output, 'staged')
await stage(staged)
const files = await build({
  // The staged app has no dependencies, so nothing of the root's node_modules is packed.
  projectDir: join(staged, 'app'),
  targets: Platform.current().createTarget(positionals.length > 0 ? positionals : null),
  config: configuration({ staged, output: values.output, electronDist: values['electron-dist'] }),
  publish: 'never',
})
for (const file of files) process.stdout.write(`${file}\n`)
