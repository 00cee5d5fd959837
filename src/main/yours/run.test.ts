import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import type { CommandMessage, OwnAction } from '#shared/contract/yours.ts'
import { openYours } from './index.ts'
import { runAction } from './run.ts'

const object = {
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', annotations: { note: `'; echo pwned #` } },
}
const contextOf = (of: object, isLocked = false): KubeContext =>
  ({
    info: { id: 'local:dev', name: 'dev', kind: 'local', server: '', simulated: true },
    requireWritable: () => (isLocked ? Promise.reject(new Error('dev is read-only')) : Promise.resolve()),
    request: () => Promise.resolve({ status: 200, body: JSON.stringify(of), warnings: [] }),
  }) as unknown as KubeContext
const request = { context: 'local:dev', action: 'x', kind: 'Pod', path: '/api/v1/namespaces/shop/pods/web' }

async function run(
  command: string[],
  { of = object, isLocked = false, readOnly = false, signal = new AbortController().signal } = {},
): Promise<{ output: string; ended: unknown; words: string[] }> {
  const messages: CommandMessage[] = []
  const action: OwnAction = { name: 'x', kinds: ['Pod'], command, readOnly }
  const send = (message: CommandMessage): Promise<void> => Promise.resolve(void messages.push(message))
  await runAction({ action, context: contextOf(of, isLocked), request }, { send, signal })
  return {
    output: messages.map((message) => ('text' in message ? message.text : '')).join(''),
    ended: messages.flatMap((message) => ('ended' in message ? message.ended : []))[0],
    words: messages.flatMap((message) => ('command' in message ? message.command : [])),
  }
}

test('runs the words as they are, and says how they ended', async () => {
  expect(await run(['printf', '%s|%s', '${metadata.name}', '${metadata.annotations.note}'])).toEqual({
    output: `web|'; echo pwned #`,
    ended: { code: 0 },
    words: ['printf', '%s|%s', 'web', `'; echo pwned #`],
  })
  expect((await run(['sh', '-c', 'echo "${metadata.annotations.note}"; exit 3'])).output).toBe(`'; echo pwned #\n`)
  expect((await run(['sh', '-c', 'exit 3'])).ended).toEqual({ code: 3 })
  expect((await run(['no-such-program-here'])).ended).toEqual({
    message: 'there is no program "no-such-program-here" on PATH',
  })
})

test('has a kubeconfig of mode 0600 that is gone with the run', async () => {
  const { output } = await run(['sh', '-c', 'stat -c %a "$KUBECONFIG"; echo "$KUBECONFIG"; cat "$KUBECONFIG"'])
  const [mode, file = ''] = output.split('\n')
  expect(mode).toBe('600')
  expect(output).toContain('server: http://127.0.0.1:')
  await expect(stat(file)).rejects.toThrow('ENOENT')
})

test('a context that is locked runs what changes nothing alone', async () => {
  expect((await run(['true'], { isLocked: true })).ended).toEqual({ message: 'dev is read-only' })
  expect((await run(['true'], { isLocked: true, readOnly: true })).ended).toEqual({ code: 0 })
})

test('data of a Secret are not put into a command', async () => {
  const secret = { ...object, kind: 'Secret', data: { password: 'aGk=' } }
  expect((await run(['echo', '${metadata.name}'], { of: secret })).ended).toEqual({ code: 0 })
  for (const field of ['data.password', 'data[*]', 'metadata.annotations.note', 'metadata.*'])
    expect((await run(['echo', `\${${field}}`], { of: secret })).ended).toMatchObject({
      message: expect.stringContaining('of a Secret') as string,
    })
})

test('ends with all that it has started when the reader leaves', async () => {
  const leaving = new AbortController()
  const running = run(['sh', '-c', 'sleep 60 & wait'], { signal: leaving.signal })
  setTimeout(() => leaving.abort(), 300)
  const started = Date.now()
  await running
  expect(Date.now() - started).toBeLessThan(5_000)
})

test('the file is followed: a broken version leaves the last good one in force', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-yours-'))
  const yours = await openYours({ dir })
  try {
    expect(await yours.text()).toContain('# actions:')
    const changes: number[] = []
    yours.onChange(() => changes.push(yours.state().problems.length))
    const links = 'links:\n  - { name: a, kinds: [Pod], url: "https://a.example.com" }\n'
    await yours.save(links, await yours.text())
    expect((await stat(join(dir, 'yours.yaml'))).mode & 0o777).toBe(0o600)
    expect(JSON.parse(yours.schema())).toMatchObject({ properties: { actions: { type: 'array' } } })
    await writeFile(join(dir, 'yours.yaml'), 'links: 7\n')
    await expect.poll(() => yours.state().problems, { timeout: 5_000 }).toMatchObject([{ line: 1, path: 'links' }])
    expect(yours.state().inForce.links).toHaveLength(1)
    expect(changes).toEqual([0, 1])
  } finally {
    await yours.stop()
    await rm(dir, { recursive: true })
  }
})

test('a command whose output nobody takes any more is ended', async () => {
  const action: OwnAction = { name: 'x', kinds: ['Pod'], command: ['sh', '-c', 'echo $$; exec sleep 60'] }
  const { signal } = new AbortController()
  let pid = 0
  const messages: CommandMessage[] = []
  const send = (message: CommandMessage): Promise<void> => {
    messages.push(message)
    if (!('text' in message)) return Promise.resolve()
    pid = Number(message.text)
    return Promise.reject(new Error('the reader is gone'))
  }
  await runAction({ action, context: contextOf(object), request }, { send, signal })
  expect(messages.at(-1)).toEqual({ ended: { message: 'the reader is gone' } })
  expect(pid).toBeGreaterThan(0)
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false)
})
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a file that cannot be read is not replaced by a beginning', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-yours-'))
  await mkdir(join(dir, 'yours.yaml'))
  const yours = await openYours({ dir })
  try {
    await expect(yours.text()).rejects.toThrow('EISDIR')
  } finally {
    await yours.stop()
    await rm(dir, { recursive: true })
  }
})
