import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { documentOf, strangers, table, type Case, type Outcome } from './conformance/report.ts'
import { ensureEngine } from './docker-engine.mjs'
import { root, run } from './set-up.mjs'

/**
 * `npm run conformance`: runs the project's own tests of the conformance cases, prints passed/total per group and
 * writes the table of docs/conformance.md. `npm run conformance -- watch quota` runs only the test files of these names
 * and does not write the table.
 */
const reportFile = join(root, 'test-results/conformance.json')
const documentFile = join(root, 'docs/conformance.md')

async function main(names: string[]): Promise<number> {
  await prepare()
  rmSync(reportFile, { force: true })
  mkdirSync(join(root, 'test-results'), { recursive: true })
  await runTests(names)
  const cases = parse(readFileSync(join(root, 'test/conformance/cases.yaml'), 'utf8')) as Case[]
  const outcomes = existsSync(reportFile) ? outcomesOf(reportFile) : []
  for (const title of strangers(cases, outcomes)) console.error(`not a codename of the conformance list: ${title}`)
  console.log(table(cases, outcomes))
  if (names.length === 0) writeFileSync(documentFile, documentOf(cases, outcomes) + answersSection())
  const isGood = outcomes.length > 0 && outcomes.every(({ status }) => status === 'passed')
  return isGood && strangers(cases, outcomes).length === 0 ? 0 : 1
}

/** What the document says of recorded answers, which another test measures: it is kept as it is. */
function answersSection(): string {
  const text = readFileSync(documentFile, 'utf8')
  const start = text.indexOf('\n## Answers\n')
  return start < 0 ? '' : text.slice(start)
}

/** Prepares the tests: generated types, the agent's bundle, an engine and the images. */
async function prepare(): Promise<void> {
  await run('npm', ['run', '-s', 'generate'])
  await run('node', ['scripts/build-agent.ts'])
  const engine = await ensureEngine({ log: console.error })
  if (!engine.ready) throw new Error(engine.message)
  process.env.DOCKER_HOST = engine.host
  await run('npm', ['run', '-s', 'images'])
}

function runTests(names: string[]): Promise<void> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const child = spawn('npx', ['vitest', 'run', '--project', 'conformance', ...reporters, ...names], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SLIPWAY_TEST: 'conformance' },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
}

function outcomesOf(file: string): Outcome[] {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as { testResults: { assertionResults: Outcome[] }[] }
  return testResults.flatMap(({ assertionResults }) => assertionResults)
}

process.exit(await main(process.argv.slice(2)))
