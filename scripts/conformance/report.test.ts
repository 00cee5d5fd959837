import { describe, expect, it } from 'vitest'
import { documentOf, strangers, table, type Case } from './report.ts'

const cases: Case[] = [
  { codename: '[sig-a] one', group: 'sig-a', release: 'v1.9' },
  { codename: '[sig-a] two', group: 'sig-a', release: 'v1.9' },
  { codename: '[sig-a] three', group: 'sig-a', release: 'v1.9' },
  { codename: '[sig-b] four', group: 'sig-b', release: 'v1.20' },
]
const outcomes = [
  { title: '[sig-a] one', status: 'passed' },
  { title: '[sig-a] two', status: 'failed' },
]

describe('the report', () => {
  it('counts passed tests against all cases', () => {
    expect(table(cases, outcomes).split('\n').slice(2)).toEqual([
      '| sig-a | 1 | 3 |',
      '| sig-b | 0 | 1 |',
      '| **all** | 1 | 4 |',
    ])
  })

  it('does not count skipped tests or tests of other names as passed', () => {
    const others = [
      { title: '[sig-a] one', status: 'skipped' },
      { title: '[sig-a] One', status: 'passed' },
    ]
    expect(table(cases, others)).toContain('| sig-a | 0 | 3 |')
    expect(strangers(cases, others)).toEqual(['[sig-a] One'])
  })

  it('lists failures and cases without tests', () => {
    const text = documentOf(cases, outcomes)
    expect(text).toContain('- [sig-a] two\n')
    expect(text).toContain('- [sig-a] three (no test)\n')
    expect(text).not.toContain('- [sig-a] one')
    expect(text).toContain('No tests yet: sig-b.')
  })
})
