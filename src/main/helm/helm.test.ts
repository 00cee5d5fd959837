import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { HelmStart } from '#shared/contract/helm.ts'
import { failure } from '#shared/kube/status.ts'
import type { KubeContext, RawRequest } from '#main/contexts/kube-context.ts'
import { openApiDoor } from '#main/contexts/api-door.ts'
import { actionArguments, isOlder, renderArguments } from './arguments.ts'
import { createOpenCharts, writeChart } from './charts.ts'
import { fetchProgram, offerFor } from './fetch.ts'
import { openHelm } from './index.ts'
import { logText } from './log-text.ts'
import { changesBetween, withoutSecrets } from './manifest.ts'
import { decodeRelease, encodeRelease, releaseLabels } from './release-codec.ts'
import { run } from './program.ts'
import { createPrograms } from './programs.ts'
import { newestOf } from './releases.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'slipway-helm-test-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('releases in Secrets', () => {
  const release = {
    name: 'web',
    namespace: 'shop',
    version: 3,
    info: { last_deployed: '2026-11-29T18:40:00.5+01:00', status: 'deployed', description: 'Upgrade complete' },
    chart: { metadata: { name: 'shop', version: '1.2.0' }, templates: [] },
    config: { greeting: 'Grüß Gott', replicas: 2 },
    manifest: '---\nkind: ConfigMap\n',
    hooks: [],
  }

  it('are read as they were written', async () => {
    const data = await encodeRelease(release)
    // Twice base64, as Helm's driver and the API write it, around gzip.
    expect(Buffer.from(Buffer.from(data, 'base64').toString(), 'base64').subarray(0, 3)).toEqual(
      Buffer.from([0x1f, 0x8b, 0x08]),
    )
    expect(await decodeRelease(data)).toMatchObject(release)
  })
  it('are read without gzip too', async () => {
    const plain = Buffer.from(JSON.stringify(release)).toString('base64')
    expect(await decodeRelease(Buffer.from(plain).toString('base64'))).toMatchObject({ name: 'web', version: 3 })
  })
  test.each(['', 'AAAA', Buffer.from(Buffer.from('{"a":1}').toString('base64')).toString('base64')])(
    'that are none (%j) are an error',
    async (data) => {
      await expect(decodeRelease(data)).rejects.toThrow('holds no release')
    },
  )
  it('are told by their labels; the newest revision is the one with the highest number', () => {
    expect(releaseLabels({ owner: 'helm', name: 'web', version: '12', status: 'deployed' })).toEqual({
      ...{ name: 'web', revision: 12, status: 'deployed' },
    })
    expect(releaseLabels({ owner: 'me', name: 'web', version: '1' })).toBeUndefined()
    expect(releaseLabels(undefined)).toBeUndefined()
    const kept = [9, 10, 2].map((revision) => ({
      ...{ namespace: 'shop', name: 'web', revision, status: 'superseded', secret: '', version: '' },
    }))
    expect(newestOf(kept).map(({ revision }) => revision)).toEqual([10])
  })
})

describe('manifests', () => {
  const secret = (value: string): string =>
    `# Source: shop/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: bank\nstringData:\n  PASSWORD: ${value}\n`
  const config = (value: string, name = 'settings'): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: ${value}\n`
  const join = (...texts: string[]): string => texts.map((text) => `---\n${text}`).join('')

  it('are compared object by object; what is gone comes last', () => {
    const before = join(config('1'), config('x', 'old'), secret('one'))
    const after = join(secret('one'), config('2'), config('n', 'new'))
    expect(changesBetween(before, after).map(({ name, change }) => `${name} ${change}`)).toEqual([
      'bank same',
      'settings changed',
      'new created',
      'old deleted',
    ])
  })
  it('tell that a Secret has changed, and never its values', () => {
    const [change] = changesBetween(join(secret('one')), join(secret('two')))
    expect(change).toMatchObject({ change: 'changed', kind: 'Secret' })
    expect(change?.before).toBe(change?.after)
    expect(change?.after).toBe(
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: bank\nstringData:\n  PASSWORD: ••••••\n',
    )
    expect(withoutSecrets(join(config('1'), secret('one')))).not.toContain('one')
  })
  it('hide a Secret that is written as one line or within a List', () => {
    expect(
      withoutSecrets('{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"b25l"}}'),
    ).not.toContain('b25l')
    const list = `apiVersion: v1\nkind: List\nitems:\n  - kind: Secret\n    apiVersion: v1\n    metadata: {name: x}\n    data: {a: b25l}\n`
    expect(withoutSecrets(list)).not.toContain('b25l')
  })
})

describe('arguments', () => {
  const common = { context: 'local:dev', namespace: 'shop', name: 'web' }
  const values = 'password: hunter2\n'
  const install: HelmStart = {
    ...{ action: 'install', ...common, chart: 'id', values },
    ...{ wait: true, timeout: 300, createNamespace: true, rollBack: true },
  }

  it('carry no values: these come on standard input', () => {
    for (const args of [
      renderArguments({ action: 'upgrade', ...common, chart: '/c.tgz' }),
      actionArguments(install, '/c.tgz', { major: 4 }),
    ]) {
      expect(args.join(' ')).not.toContain('hunter2')
      expect(args).toEqual(expect.arrayContaining(['--values', '-']))
    }
  })
  it('ask the server for a dry run, and put the text in the place of what was set before', () => {
    expect(renderArguments({ action: 'upgrade', ...common, chart: '/c.tgz' })).toEqual(
      'upgrade web /c.tgz --namespace shop --values - --reset-values --dry-run=server --output json'.split(' '),
    )
  })
  it('speak with Helm 3 and 4', () => {
    expect(actionArguments(install, '/c.tgz', { major: 4 })).toContain('--rollback-on-failure')
    expect(actionArguments(install, '/c.tgz', { major: 3 })).toContain('--atomic')
  })
  it('have no log that would print values: that of a test is its answer', () => {
    expect(actionArguments({ action: 'test', ...common, timeout: 60 }, '', { major: 4 })).toEqual(
      'test web --logs --namespace shop --timeout 60s'.split(' '),
    )
  })
  it('compare versions by their numbers', () => {
    expect(isOlder('3.9.0', '3.13.0')).toBe(true)
    expect(isOlder('3.13.0', '3.13.0')).toBe(false)
    expect(isOlder('v4.0.1+g123', '3.13.0')).toBe(false)
  })
})

test.each([
  [
    'level=DEBUG msg="Patched resource" namespace=shop name=bank gvk="/v1, Kind=Secret"',
    'Patched resource  Secret bank',
  ],
  ['level=DEBUG msg="unmarshalled JSON schema" schema="{\\n}"', undefined],
  ['client.go:748: 2026-11-29 18:48:40.8 +0000 UTC m=+0.8 [debug] Pod web pending', 'Pod web pending'],
  ['WARNING: something', 'WARNING: something'],
  ['', undefined],
])('the line %j is shown as %j', (line, text) => {
  expect(logText(line)).toBe(text)
})

describe('a fetched program', () => {
  let server: Server
  let archive: Buffer
  const site = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fetchable = (sha256: string) => ({ version: '9.9.9', site: site(), sha256: { 'linux-amd64': sha256 } })
  const machine = { platform: 'linux', arch: 'x64' }

  beforeEach(async () => {
    const tar = pack()
    tar.entry({ name: 'linux-amd64/helm' }, '#!/bin/sh\n')
    tar.finalize()
    archive = gzipSync(Buffer.concat(await Readable.from(tar).toArray()))
    server = createServer((_, response) => response.end(archive))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => void server.close())

  it('is kept once its checksum is right', async () => {
    const offer = offerFor(fetchable(createHash('sha256').update(archive).digest('hex')), machine)
    expect(offer?.url).toBe(`${site()}/helm-v9.9.9-linux-amd64.tar.gz`)
    const path = join(folder, '9.9.9/helm')
    if (offer) await fetchProgram(offer, path)
    expect(await readFile(path, 'utf8')).toBe('#!/bin/sh\n')
    expect((await stat(path)).mode & 0o777).toBe(0o700)
  })
  it('leaves nothing behind when it is another one', async () => {
    const offer = offerFor(fetchable('0'.repeat(64)), machine)
    if (!offer) throw new Error('no offer')
    await expect(fetchProgram(offer, join(folder, 'helm'))).rejects.toThrow('expected 0000')
    expect(await readdir(folder)).toEqual([])
  })
  it('says which site could not be reached', async () => {
    const offer = { version: '1', url: 'http://127.0.0.1:1/helm.tar.gz', sha256: '', member: '' }
    await expect(fetchProgram(offer, join(folder, 'helm'))).rejects.toThrow('127.0.0.1:1 could not be reached')
  })
  it('is fetched once, whoever asks meanwhile', async () => {
    const sum = createHash('sha256').update(archive).digest('hex')
    const own = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`
    const wanted = vi.fn()
    server.on('request', wanted)
    const programs = createPrograms({
      ...{ dir: folder, env: { PATH: '/usr/bin:/bin' } },
      fetchable: { version: '9.9.9', site: site(), sha256: { [own]: sum } },
    })
    // The archive is that of another machine on ARM: it is refused then, once as well.
    await Promise.allSettled([programs.fetch(), programs.fetch()])
    expect(wanted).toHaveBeenCalledOnce()
  })
  it('is offered for no machine that Helm is not published for', () => {
    expect(offerFor(fetchable(''), { platform: 'sunos', arch: 'x64' })).toBeUndefined()
  })
})

test('without a program nothing is run, and the reason says what to do', async () => {
  const helm = openHelm({ dir: folder, clock: systemClock, env: { PATH: folder } })
  expect((await helm.programs.list()).helm).toBeUndefined()
  await expect(helm.repositories.search('x')).rejects.toThrow('helm is not on PATH')
  await helm.close()
})

test('the chart that a release carries cannot write outside of its folder', async () => {
  const file = { name: '../outside', data: Buffer.from('x').toString('base64') }
  const stored = { name: 'x', namespace: 'x', version: 1, info: {}, chart: { templates: [file] } }
  await expect(writeChart(stored, join(folder, 'chart'))).rejects.toThrow('outside')
})

describe('the door to a context', () => {
  const asked: RawRequest[] = []
  const context = {
    open(request: RawRequest) {
      asked.push(request)
      return request.path.endsWith('/forbidden')
        ? Promise.reject(failure(403, 'Forbidden', 'prod is read-only in Slipway'))
        : Promise.resolve(
            Object.assign(Readable.from(['{}']), { statusCode: 200, headers: { 'content-type': 'text/x' } }),
          )
    },
  } as unknown as KubeContext

  it('answers under its secret path alone, and is gone with its kubeconfig', async () => {
    const door = await openApiDoor(context)
    const kubeconfig = await readFile(door.kubeconfig, 'utf8')
    expect((await stat(door.kubeconfig)).mode & 0o777).toBe(0o600)
    const server = /server: (\S+)/.exec(kubeconfig)?.[1] ?? ''
    const answer = await fetch(`${server}/api/v1/pods?limit=1`)
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'text/x', '{}'])
    expect(asked.at(-1)).toMatchObject({ method: 'GET', path: '/api/v1/pods?limit=1' })
    const refused = await fetch(`${server}/forbidden`, { method: 'POST', body: '{}' })
    expect(await refused.json()).toMatchObject({ code: 403, message: 'prod is read-only in Slipway' })
    const { origin } = new URL(server)
    expect((await fetch(`${origin}/api/v1/pods`)).status).toBe(404)
    expect((await fetch(`${server}/api`, { headers: { origin: 'http://evil.example' } })).status).toBe(404)
    await door.close()
    await expect(fetch(`${server}/api`)).rejects.toThrow()
    await expect(stat(door.kubeconfig)).rejects.toThrow('ENOENT')
  })
})

test('a request that is made as somebody else is refused, not made with all rights', async () => {
  const open = vi.fn()
  const door = await openApiDoor({ open } as unknown as KubeContext)
  const server = /server: (\S+)/.exec(await readFile(door.kubeconfig, 'utf8'))?.[1] ?? ''
  const answer = await fetch(`${server}/api`, { headers: { 'impersonate-user': 'jane' } })
  expect(answer.status).toBe(400)
  expect(open).not.toHaveBeenCalled()
  await door.close()
})

test('a program that does not end is ended, and the reason says after how long', async () => {
  const patient = run('/bin/sh', { args: ['-c', 'echo begun; exec sleep 60'], timeout: 200 })
  await expect(patient).rejects.toThrow('sh -c did not end within 0.2 s and was ended')
})

test('a program that writes too much is ended at once, though what it has started goes on', async () => {
  const script = 'sleep 20 & while :; do echo "$0$0$0$0$0$0$0$0"; done'
  const started = Date.now()
  await expect(run('/bin/sh', { args: ['-c', script, 'x'.repeat(60_000)] })).rejects.toThrow('more than 64 MiB')
  expect(Date.now() - started).toBeLessThan(10_000)
})

test.each([
  ['Error: no such chart', 'no such chart'],
  [
    `E1201 05:03:01.752305    9165 run.go:72] "command failed" err="must build at directory: '/a\\tb'"`,
    "must build at directory: '/a\tb'",
  ],
  [String.raw`E1201 05:03:01.752305    9165 run.go:72] "command failed" err="no \x1b here"`, String.raw`no \x1b here`],
])('a program that fails says why, without the frame of its log: %s', async (line, said) => {
  await expect(run('/bin/sh', { args: ['-c', 'cat >&2; exit 1'], input: `${line}\n` })).rejects.toMatchObject({
    message: said,
  })
})

test('a line of a program that does not end is kept in part', async () => {
  const lines: string[] = []
  const script = `process.stderr.write('x'.repeat(3_000_000))`
  await run(process.execPath, { args: ['-e', script], onLine: (line) => lines.push(line) })
  expect(lines).toHaveLength(1)
  expect(lines[0]?.length).toBeLessThanOrEqual(100_000)
})

describe('opened charts', () => {
  const inTemporary = async (): Promise<string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('slipway-charts-'))
  const stored = { name: 'x', namespace: 'x', version: 1, info: {} }

  it('have a folder only while there is one', async () => {
    const before = await inTemporary()
    const charts = createOpenCharts()
    await expect(charts.open({ ref: '/dev/zero' }, () => Promise.resolve())).rejects.toThrow('neither a folder nor')
    expect(await inTemporary()).toEqual(before)
    await expect(charts.open({ ref: 'repo/none' }, () => Promise.resolve())).rejects.toThrow('is no chart')
    const [own = ''] = (await inTemporary()).filter((name) => !before.includes(name))
    expect(await readdir(join(tmpdir(), own))).toEqual([])
    await charts.close()
    expect(await inTemporary()).toEqual(before)
  })
  it('keep files that are no text byte for byte', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe])
    const file = { name: 'files/logo.png', data: bytes.toString('base64') }
    await writeChart({ ...stored, chart: { files: [file] } }, folder)
    expect(await readFile(join(folder, 'files/logo.png'))).toEqual(bytes)
  })
})
