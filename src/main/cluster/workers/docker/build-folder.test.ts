import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type Docker from 'dockerode'
import { extract, pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildFolder, fill } from './build-folder.ts'

let folder: string
const path = process.env.PATH
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-build-'))))
afterEach(async () => {
  process.env.PATH = path
  await rm(folder, { recursive: true })
})

async function put(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}
async function packed(dockerfile = 'Dockerfile'): Promise<string[]> {
  const archive = pack()
  const names: string[] = []
  const filling = fill(archive, folder, dockerfile)
  for await (const entry of archive.pipe(extract())) {
    const { name, type } = entry.header
    if (type !== 'directory') names.push(type === 'symlink' ? `link ${name}` : name)
    entry.resume()
  }
  await filling
  return names
}

test('leaves out what .dockerignore names, and brings back what its exceptions do', async () => {
  await put({
    Dockerfile: 'FROM scratch',
    '.dockerignore': 'node_modules\n*.md\n!README.md\nDockerfile\n# a comment\n',
    'README.md': '',
    'notes.md': '',
    'src/app.js': '',
    'node_modules/a/index.js': '',
  })
  await symlink('src/app.js', join(folder, 'link.js'))
  expect(await packed()).toEqual(['.dockerignore', 'Dockerfile', 'README.md', 'link link.js', 'src/app.js'])
})

test("a Dockerfile's own rules come first", async () => {
  await put({
    'dev.Dockerfile': '',
    'dev.Dockerfile.dockerignore': '*.log',
    '.dockerignore': '*',
    'a.log': '',
    'b.js': '',
  })
  expect(await packed('dev.Dockerfile')).toEqual([
    '.dockerignore',
    'b.js',
    'dev.Dockerfile',
    'dev.Dockerfile.dockerignore',
  ])
})

test('uses docker build where it has BuildKit: with the engine of the app, and says why it failed', async () => {
  await put({
    'bin/docker': `#!/bin/sh
[ "$1" = buildx ] && exit 0
echo "$DOCKER_HOST $DOCKER_BUILDKIT $*"
case "$*" in *broken*) echo 'ERROR: no such stage' >&2; exit 1;; esac
`,
  })
  await chmod(join(folder, 'bin/docker'), 0o755)
  process.env.PATH = `${join(folder, 'bin')}${delimiter}${path ?? ''}`
  const lines: string[] = []
  const work = { log: (line: string) => void lines.push(line), signal: AbortSignal.timeout(10_000) }
  const engine = { docker: {} as Docker, host: 'unix:///there.sock' }
  await buildFolder(engine, { folder, dockerfile: 'Dockerfile', image: 'a b:1; rm' }, work)
  expect(lines).toEqual([
    `unix:///there.sock 1 build --progress=plain --tag a b:1; rm --file ${folder}/Dockerfile ${folder}`,
  ])
  const broken = buildFolder(engine, { folder, dockerfile: 'Dockerfile', image: 'broken' }, work)
  await expect(broken).rejects.toThrow('no such stage')
})

test('does not begin where it is cancelled while its builder is looked for', async () => {
  await put({ 'bin/docker': `#!/bin/sh\n[ "$1" = buildx ] || touch "${folder}/built"\n` })
  await chmod(join(folder, 'bin/docker'), 0o755)
  process.env.PATH = `${join(folder, 'bin')}${delimiter}${path ?? ''}`
  const abort = new AbortController()
  const work = { log: () => undefined, signal: abort.signal }
  const build = buildFolder(
    { docker: {} as Docker, host: '' },
    { folder, dockerfile: 'Dockerfile', image: 'a:1' },
    work,
  )
  abort.abort(new Error('cancelled'))
  await expect(build).rejects.toThrow('cancelled')
  expect(await readdir(folder)).toEqual(['bin'])
})

test('ends where the folder cannot be read: the engine would wait for the rest of it', async () => {
  const docker = {
    buildImage: (_archive: unknown, { abortSignal }: { abortSignal: AbortSignal }) =>
      new Promise((_resolve, reject) => {
        abortSignal.addEventListener('abort', () => reject(new Error('broken off')))
      }),
  } as unknown as Docker
  await put({ 'bin/docker': '#!/bin/sh\nexit 1' })
  await chmod(join(folder, 'bin/docker'), 0o755)
  process.env.PATH = join(folder, 'bin')
  const work = { log: () => undefined, signal: new AbortController().signal }
  const build = { folder: join(folder, 'gone'), dockerfile: 'Dockerfile', image: 'a:1' }
  await expect(buildFolder({ docker, host: '' }, build, work)).rejects.toThrow('ENOENT')
})

test('reads no more of the folder once the engine has refused it', async () => {
  let sent: { destroyed: boolean } | undefined
  const docker = {
    buildImage: (archive: { destroyed: boolean }) => {
      sent = archive
      return Promise.reject(new Error('no such Dockerfile'))
    },
  } as unknown as Docker
  await put({ 'bin/docker': '#!/bin/sh\nexit 1' })
  await writeFile(join(folder, 'large'), randomBytes(2_000_000))
  await chmod(join(folder, 'bin/docker'), 0o755)
  process.env.PATH = join(folder, 'bin')
  const work = { log: () => undefined, signal: new AbortController().signal }
  const build = { folder, dockerfile: 'Dockerfile', image: 'a:1' }
  await expect(buildFolder({ docker, host: '' }, build, work)).rejects.toThrow('no such Dockerfile')
  expect(sent?.destroyed).toBe(true)
})
