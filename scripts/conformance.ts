import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ensureBuilt, root } from './set-up.mjs'

/**
 * `npm run conformance`: runs the project's own tests of the conformance cases, prints passed/total per group and writes
 * the table of docs/conformance.md. A case is passed only when a test of exactly its codename ran now and passed.
 * `npm run conformance -- watch quota` runs the test files of these names alone and leaves the table as it is.
 */
interface Case {
  codename: string
  group: string
  release: string
}
interface Outcome {
  title: string
  status: string
  failureMessages?: string[]
}

const reportFile = join(root, 'test-results/conformance.json')
const documentFile = join(root, 'docs/conformance.md')

async function main(names: string[]): Promise<number> {
  const cases = parse(readFileSync(join(root, 'test/conformance/cases.yaml'), 'utf8')) as Case[]
  if (process.env.SLIPWAY_AGENT === undefined) await ensureBuilt()
  rmSync(reportFile, { force: true })
  mkdirSync(join(root, 'test-results'), { recursive: true })
  await runTests(names)
  const outcomes = existsSync(reportFile) ? outcomesOf(reportFile) : []
  const passed = new Set(outcomes.filter(({ status }) => status === 'passed').map(({ title }) => title))
  const strangers = outcomes.filter(({ title }) => !cases.some(({ codename }) => codename === title))
  for (const { title } of strangers) console.error(`not a codename of the list: ${title}`)
  console.log(table(cases, passed))
  if (names.length === 0) writeFileSync(documentFile, documentOf(cases, passed, outcomes))
  return strangers.length > 0 || outcomes.some(({ status }) => status !== 'passed') ? 1 : 0
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

function table(cases: Case[], passed: Set<string>): string {
  const groups = [...new Set(cases.map(({ group }) => group))].sort()
  const count = (of: Case[]): string => `${of.filter(({ codename }) => passed.has(codename)).length} | ${of.length}`
  const rows = groups.map((group) => `| ${group} | ${count(cases.filter((one) => one.group === group))} |`)
  return ['| group | passed | total |', '|---|---:|---:|', ...rows, `| **all** | ${count(cases)} |`].join('\n')
}

function documentOf(cases: Case[], passed: Set<string>, outcomes: Outcome[]): string {
  const ran = new Set(outcomes.map(({ title }) => title))
  const groups = [...new Set(cases.map(({ group }) => group))].sort()
  const missing = (group: string): string[] =>
    cases
      .filter((one) => one.group === group && ran.has(one.codename) && !passed.has(one.codename))
      .map(({ codename }) => `- ${codename}`)
  const sections = groups.filter((group) => missing(group).length > 0)
  const without = groups.filter((group) => !cases.some((one) => one.group === group && ran.has(one.codename)))
  return `# Conformance

What the cases of Kubernetes v1.36’s conformance list require, shown by tests of this project’s own (\`test/conformance/\`,
one for each case, of its name), which run against a real started server: on two real workers where a pod must run, on
simulated ones elsewhere. This is not a run of upstream’s test programs. \`npm run conformance\` writes this file; a case
is passed only if its test ran and passed in that run.

${table(cases, passed)}
${without.length > 0 ? `\nNo tests yet: ${without.join(', ')}.\n` : ''}${sections.length > 0 ? `\n## Not passed\n` : ''}${sections
    .map((group) => `\n### ${group}\n\n${missing(group).join('\n')}\n`)
    .join('')}`
}

process.exit(await main(process.argv.slice(2)))
