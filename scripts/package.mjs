// `npm run package`: builds what is outdated, then the installers of this platform in dist/; `npm run package -- deb` only that one.
import { ensureBuilt, ensureDependencies, ensurePackages, projectNode, run, say } from './set-up.mjs'

try {
  await ensureDependencies()
  await ensureBuilt()
  await ensurePackages('packaging')
  await run(projectNode(), ['packaging/build.mjs', ...process.argv.slice(2)])
} catch (error) {
  say(`package: ${error.message}`)
  process.exit(1)
}
