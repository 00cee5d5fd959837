// Debian packages from other releases than the machine's own, by a private apt configuration: the machine's sources are
// not changed, and its mirror is used. Plain JavaScript without dependencies, for the user's own Node.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Package lists of the named suites of the machine's Debian mirror (`trixie`, `unstable`), fetched for one use.
 * @template T
 * @param {string[]} suites
 * @param {(packages: {versions(...names: string[]): {name: string, version: string}[],
 *   download(...names: string[]): string[]}) => T} use `download` takes `name` or `name=version` and gives the paths of
 *   the .deb files, deleted when `use` returns
 * @returns {T} what `use` returns
 * @throws Error when the machine has no Debian mirror, or it does not respond
 */
export function withDebianPackages(suites, use) {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-apt-'))
  try {
    for (const name of ['lists/partial', 'cache/archives/partial', 'debs'])
      mkdirSync(join(folder, name), { recursive: true })
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
    const mirror = debianMirror()
    const sources = suites.map((suite) => `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`)
    writeFileSync(join(folder, 'sources.list'), sources.join(''))
    writeFileSync(join(folder, 'status'), '')
    const options = [
      `Dir::Etc::sourcelist=${folder}/sources.list`,
      'Dir::Etc::sourceparts=/dev/null',
      `Dir::State::lists=${folder}/lists`,
      `Dir::State::status=${folder}/status`,
      `Dir::Cache=${folder}/cache`,
      'Acquire::Languages=none',
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option])
    const debs = join(folder, 'debs')
    apt([...options, 'update', '-qq'])
    return use({
      versions: (...names) =>
        madison(execFileSync('apt-cache', [...options, 'madison', ...names], { encoding: 'utf8' })),
      download(...names) {
        const before = new Set(readdirSync(debs))
        apt([...options, 'download', '-qq', ...names], debs)
        return readdirSync(debs)
          .filter((file) => !before.has(file))
          .map((file) => join(debs, file))
      },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lines of `apt-cache madison`: `name | version | source`. */
const madison = (text) =>
  text
    .split('\n')
    .filter((line) => line.endsWith(' Packages'))
    .map((line) => line.split('|').map((part) => part.trim()))
    .map(([name, version]) => ({ name, version }))

/** The Debian mirror that this machine's own apt uses. */
function debianMirror() {
  const folder = '/etc/apt'
  const parts = join(folder, 'sources.list.d')
  const files = [
    join(folder, 'sources.list'),
    ...(existsSync(parts) ? readdirSync(parts).map((file) => join(parts, file)) : []),
  ]
  for (const file of files.filter((path) => existsSync(path))) {
    const text = readFileSync(file, 'utf8')
    const mirror = /^(?:URIs:\s*|deb\s+(?:\[.*?\]\s*)?)(\S+\/debian\/?)(?:\s|$)/m.exec(text)?.[1]
    if (mirror) return mirror
  }
  throw new Error('no Debian mirror in the machine’s apt sources')
}

/** Runs apt-get without prompts. */
export function apt(args, cwd) {
  execFileSync('apt-get', args, {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}
