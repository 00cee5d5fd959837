// `npm run kubectl-versions`: the kubectl suites, once with the oldest and once with the newest kubectl that the
// machine's Debian mirror offers. The binaries are kept in .cache/kubectl/<version>. `-- fetch` only fetches them.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { withDebianPackages } from './debian-packages.mjs'
import { ensureBuilt, ensureDependencies, root, run, say } from './set-up.mjs'

const suites = ['kubectl', 'streaming', 'custom-resources'].map((name) => `test/integration/${name}`)

async function main() {
  const kubectls = fetchKubectls()
  for (const path of kubectls) say(path)
  if (process.argv[2] === 'fetch') return 0
  await ensureDependencies()
  await ensureBuilt()
  let wrong = 0
  for (const path of kubectls) if (!(await passesWith(path))) wrong++
  return wrong
}

/** @returns the paths of the oldest and the newest kubectl */
function fetchKubectls() {
  return withDebianPackages(['oldstable', 'stable', 'unstable'], ({ versions, download }) => {
    // The package is `kubernetes-client` in older releases, `kubectl` since trixie.
    const offered = [...versions('kubectl'), ...versions('kubernetes-client')].sort(
      (a, b) => release(a.version).order - release(b.version).order,
    )
    const [oldest] = offered
    const newest = offered.findLast(({ name }) => name === 'kubectl') ?? offered.at(-1)
    if (!oldest || !newest) throw new Error('the Debian mirror offers no kubectl')
    return [oldest, newest].map(({ name, version }) => {
      const path = join(root, '.cache/kubectl', release(version).text, 'kubectl')
      if (!existsSync(path)) extract(download(`${name}=${version}`), path)
      return path
    })
  })
}

/** The kubectl release of a Debian version: `1.20.5+really1.20.2-1` is 1.20.2. */
function release(version) {
  const [, text = '0.0.0'] = /(?:^|:|really)(\d+\.\d+\.\d+)(?!.*really)/.exec(version) ?? []
  const order = text.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0)
  return { text, order }
}

function extract([deb], path) {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-kubectl-'))
  try {
    execFileSync('dpkg-deb', ['-x', deb, folder])
    mkdirSync(dirname(path), { recursive: true })
    cpSync(join(folder, 'usr/bin/kubectl'), path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether every test passes with this kubectl and none is skipped. */
async function passesWith(path) {
  const version = execFileSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
  say(`\n== kubectl ${JSON.parse(version).clientVersion.gitVersion}`)
  const report = join(dirname(path), 'report.json')
  const reporters = ['--reporter', 'dot', '--reporter', 'json', '--outputFile.json', report]
  try {
    // The project's own programs come first on PATH (set-up.mjs), then this kubectl.
    await run('npx', ['vitest', 'run', '--project', 'integration', ...reporters, ...suites], {
      env: { PATH: [join(root, 'node_modules/.bin'), dirname(path), process.env.PATH].join(':') },
    })
    const { numPassedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
    say(`== ${numPassedTests} passed, ${numPendingTests + numTodoTests} skipped`)
    return numPendingTests + numTodoTests === 0
  } catch (error) {
    say(error.message)
    return false
  }
}

try {
  process.exitCode = (await main()) === 0 ? 0 : 1
} catch (error) {
  say(`kubectl-versions: ${error.message}`)
  process.exitCode = 1
}
