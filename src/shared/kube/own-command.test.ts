import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { fillCommand, readCommand } from './own-command.ts'

const hostile = `x'; rm -rf / #"$(touch /tmp/pwned)\`id\`\n--flag \${IFS}&|<>*`
const pod = {
  kind: 'Pod',
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    labels: { 'app.kubernetes.io/name': 'web' },
    annotations: { note: hostile, option: '--all', nul: 'a\0b' },
  },
  spec: { containers: [{ name: 'a' }, { name: 'b' }] },
}

describe('words', () => {
  test('are filled by JSONPath, each staying one argument', () => {
    const command = [
      'kubectl',
      '-n',
      '${metadata.namespace}',
      'pod/${metadata.name}',
      "${metadata.labels['app.kubernetes.io/name']}",
      '${spec.containers[*].name}',
    ]
    expect(fillCommand(command, pod)).toEqual({ words: ['kubectl', '-n', 'shop', 'pod/web-1', 'web', 'a,b'], env: {} })
  })
  test('keep a hostile value whole', () => {
    const { words } = fillCommand(['printf', '%s', 'is ${metadata.annotations.note}'], pod)
    expect(words).toEqual(['printf', '%s', `is ${hostile}`])
    expect(execFileSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' })).toBe(`is ${hostile}`)
  })
  test('take no field as an option, unless it is behind -- or within a word', () => {
    expect(() => fillCommand(['rm', '${metadata.annotations.option}'], pod)).toThrow('begins with a dash')
    expect(fillCommand(['rm', '--', '${metadata.annotations.option}'], pod).words.at(-1)).toBe('--all')
    expect(fillCommand(['rm', '--x=${metadata.annotations.option}'], pod).words.at(-1)).toBe('--x=--all')
  })
  test('say what is missing, and what no command can take', () => {
    expect(() => fillCommand(['echo', '${status.podIP}'], pod)).toThrow('the object has no status.podIP')
    expect(() => fillCommand(['echo', '${metadata.annotations.nul}'], pod)).toThrow('no command can take')
    expect(() => readCommand(['echo', '${}'])).toThrow('a field is missing')
    expect(() => readCommand(['${metadata.name}'])).toThrow('cannot be a field')
    expect(fillCommand(['echo', '$${metadata.name}'], pod).words).toEqual(['echo', '${metadata.name}'])
  })
})

describe('scripts', () => {
  test('of a shell get values by their environment, and keep their own variables', () => {
    const script = 'printf %s "${metadata.annotations.note}" "${HOME%.x}" "${kind}"'
    const { words, env } = fillCommand(['sh', '-c', script], pod)
    expect(words).toEqual(['sh', '-c', 'printf %s "${SLIPWAY_FIELD_1}" "${HOME%.x}" "${SLIPWAY_FIELD_2}"'])
    expect(env).toEqual({ SLIPWAY_FIELD_1: hostile, SLIPWAY_FIELD_2: 'Pod' })
    const output = execFileSync(words[0] ?? '', words.slice(1), { env: { ...env, HOME: '' }, encoding: 'utf8' })
    expect(output).toBe(`${hostile}Pod`)
  })
  test('take positional arguments as they are', () => {
    const command = ['/bin/bash', '-ec', 'echo "$1"', 'sh', '${metadata.annotations.note}']
    expect(fillCommand(command, pod).words.at(-1)).toBe(hostile)
  })
  test.each([
    [['python3', '-c', 'print("${metadata.name}")']],
    [['node', '--eval', '${metadata.name}']],
    [['kubectl', 'exec', 'x', '--', 'sh', '-c', 'echo ${metadata.name}']],
    [['sudo', 'bash', '-c', 'echo ${metadata.name}']],
    [['cmd.exe', '/c', 'echo ${metadata.name}']],
    [['pwsh', '-Command', '${metadata.name}']],
  ])('of another program take no field: %j', (command) => {
    expect(() => readCommand(command)).toThrow('as code')
  })
  test('nor does what a program has a shell read', () => {
    expect(() => readCommand(['ssh', 'host', 'journalctl', '${metadata.name}'])).toThrow('ssh has a shell read')
    expect(() => readCommand(['watch', 'kubectl', 'get', '${metadata.name}'])).toThrow('watch has a shell read')
    expect(() => readCommand(['watch', '-x', 'kubectl', 'get', '${metadata.name}'])).not.toThrow()
  })
})

describe('a value that is more than a plain word', () => {
  const programs = [
    ['osascript', '-e', 'display notification "${field}"'],
    ['lua', '-e', 'print("${field}")'],
    ['Rscript', '-e', '${field}'],
    ['awk', '{ print "${field}" }'],
    ['jq', '.items[] | select(.name == "${field}")'],
    ['sqlite3', 'pods.db', "select * from pods where name = '${field}'"],
    ['some-new-language', '--eval', '${field}'],
    ['vim', '-c', '${field}'],
    ['kubectl', 'patch', 'pod', 'x', '-p', '{"metadata":{"labels":{"of":"${field}"}}}'],
  ]
  const filled = (command: readonly string[], field: string) =>
    fillCommand(
      command.map((word) => word.replace('${field}', `\${${field}}`)),
      pod,
    )
  test.each(programs.map((command) => [command]))(
    'is no part of what could be code, whatever runs it: %j',
    (command) => {
      expect(() => filled(command, 'metadata.annotations.note')).toThrow('could be code')
      expect(filled(command, 'metadata.name').words.at(-1)).toContain('web-1')
    },
  )
})
