// The licence texts of everything that a package contains beside Slipway itself and Electron, which brings its own.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/set-up.mjs'

/**
 * @param inputs files of the bundle of the back, relative to the root
 * @returns one text: a heading per package with version and licence, then the licence as the package states it
 */
export function thirdPartyLicences(inputs) {
  const bundled = new Set(inputs.flatMap((file) => packageFolder(file) ?? []))
  const texts = [...bundled].sort().map(licenceOf)
  return ['Slipway contains the following packages.', ...texts, faceLicences()].join('\n\n')
}

/** `node_modules/a/node_modules/@b/c/index.js` is of `node_modules/a/node_modules/@b/c`. */
function packageFolder(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const file = readdirSync(join(root, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
  const text = file ? readFileSync(join(root, folder, file), 'utf8').trim() : 'The package states no text.'
  return `${'='.repeat(80)}\n${name} ${version}: ${license ?? 'see the text'}\n\n${text}`
}

/** What Vite found in the bundle of the face (`build.license`). */
function faceLicences() {
  const file = join(root, 'out/renderer/licences.md')
  if (!existsSync(file)) throw new Error(`${file} is missing: build the app first`)
  return `${'='.repeat(80)}\n${readFileSync(file, 'utf8').trim()}\n`
}
