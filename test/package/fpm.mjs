#!/usr/bin/env node
// Stands in for fpm, which electron-builder downloads: makes a deb of the same arguments with Debian's dpkg-deb.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const text = { type: 'string' }
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...Object.fromEntries(
      ['architecture', 'after-install', 'after-remove', 'description', 'version', 'package', 'name', 'maintainer'].map(
        (name) => [name, text],
      ),
    ),
    ...Object.fromEntries(
      ['url', 'vendor', 'category', 'license', 'deb-priority', 'deb-compression'].map((name) => [name, text]),
    ),
    input: { ...text, short: 's' },
    output: { ...text, short: 't' },
    depends: { ...text, short: 'd', multiple: true, default: [] },
    'deb-recommends': { ...text, multiple: true, default: [] },
    force: { type: 'boolean' },
  },
})
if (values.output !== 'deb') throw new Error(`this stand-in makes deb packages, not ${values.output}`)

const tree = mkdtempSync(join(tmpdir(), 'slipway-deb-'))
for (const mapping of positionals) copy(...mapping.split('='))
mkdirSync(join(tree, 'DEBIAN'))
writeFileSync(join(tree, 'DEBIAN/control'), control())
script('postinst', values['after-install'])
script('postrm', values['after-remove'])
chmodSync(tree, 0o755)
// Fast rather than small: the package is installed once and thrown away.
const { status } = spawnSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, values.package], {
  stdio: 'inherit',
})
rmSync(tree, { recursive: true })
process.exit(status ?? 1)

function copy(from, to) {
  const target = join(tree, to)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(from, target, { recursive: true })
  if (statSync(target).isFile() && !(statSync(target).mode & 0o111)) chmodSync(target, 0o644)
}

function script(name, file) {
  cpSync(file, join(tree, 'DEBIAN', name))
  chmodSync(join(tree, 'DEBIAN', name), 0o755)
}

function control() {
  const [synopsis, ...rest] = values.description.split('\n')
  return [
    `Package: ${values.name}`,
    `Version: ${values.version}`,
    `Architecture: ${values.architecture}`,
    `Maintainer: ${values.maintainer}`,
    `Section: ${values.category}`,
    `Priority: ${values['deb-priority']}`,
    `Homepage: ${values.url}`,
    `Depends: ${values.depends.join(', ')}`,
    `Recommends: ${values['deb-recommends'].join(', ')}`,
    `Description: ${synopsis}`,
    ...rest.map((line) => ` ${line.trim() || '.'}`),
    '',
  ].join('\n')
}
