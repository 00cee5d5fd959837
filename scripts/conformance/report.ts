/** One case of the conformance list, as test/conformance/cases.yaml has it. */
export interface Case {
  codename: string
  group: string
  release: string
}

/** The outcome of one test. */
export interface Outcome {
  title: string
  status: string
}

/** Passed and total of each group; a case is passed only when a test of exactly its codename ran and passed. */
export function table(cases: readonly Case[], outcomes: readonly Outcome[]): string {
  const passed = passedTitles(outcomes)
  const count = (of: readonly Case[]): string =>
    `${of.filter(({ codename }) => passed.has(codename)).length} | ${of.length}`
  const rows = groupsOf(cases).map((group) => `| ${group} | ${count(cases.filter((one) => one.group === group))} |`)
  return ['| group | passed | total |', '|---|---:|---:|', ...rows, `| **all** | ${count(cases)} |`].join('\n')
}

/** The text of docs/conformance.md. */
export function documentOf(cases: readonly Case[], outcomes: readonly Outcome[]): string {
  const passed = passedTitles(outcomes)
  const ran = new Set(outcomes.map(({ title }) => title))
  const untested = groupsOf(cases).filter((group) => !cases.some((one) => one.group === group && ran.has(one.codename)))
  const tested = groupsOf(cases).filter((group) => !untested.includes(group))
  const lists = tested.flatMap((group) => {
    const missing = cases.filter((one) => one.group === group && !passed.has(one.codename))
    if (missing.length === 0) return []
    const lines = missing.map(({ codename }) => `- ${codename}${ran.has(codename) ? '' : ' (no test)'}`)
    return [`\n### ${group}\n\n${lines.join('\n')}\n`]
  })
  return `# Conformance

What the cases of Kubernetes v1.36’s conformance list require, shown by tests of this project’s own (\`test/conformance/\`,
one for each case, of its name), which run against a real started server: on two real workers where a pod must run, on
simulated ones elsewhere. This is not a run of upstream’s test programs. \`npm run conformance\` writes this file; a case
is passed only if its test ran and passed in that run.

${table(cases, outcomes)}
${untested.length > 0 ? `\nNo tests yet: ${untested.join(', ')}.\n` : ''}${lists.length > 0 ? `\n## Not passed\n${lists.join('')}` : ''}`
}

/** Tests whose name is not a case. */
export const strangers = (cases: readonly Case[], outcomes: readonly Outcome[]): string[] => {
  const known = new Set(cases.map(({ codename }) => codename))
  return outcomes.map(({ title }) => title).filter((title) => !known.has(title))
}

const passedTitles = (outcomes: readonly Outcome[]): Set<string> =>
  new Set(outcomes.filter(({ status }) => status === 'passed').map(({ title }) => title))

const groupsOf = (cases: readonly Case[]): string[] => [...new Set(cases.map(({ group }) => group))].sort()
