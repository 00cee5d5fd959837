import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** How the desktop app is started from outside. */
export interface DesktopProgram {
  command: string
  args: string[]
}

/**
 * The desktop app of an installation: beside the command line of a package, or the Electron of a checkout with the checkout
 * as its app.
 * @param root of the installation that asks: a checkout, or `resources/cli` of a package
 * @returns undefined when Electron's binary is not there
 */
export function findDesktopProgram(root: string): DesktopProgram | undefined {
  const packaged = packagedBinaries.map((path) => join(root, path)).find((path) => existsSync(path))
  if (packaged) return { command: packaged, args: [] }
  const electron = electronOfCheckout(join(root, 'node_modules/electron'))
  return electron === undefined ? undefined : { command: electron, args: [root] }
}

/** Seen from `resources/cli` on Linux, macOS and Windows. */
const packagedBinaries = ['../../slipway-desktop', '../../MacOS/Slipway', '../../Slipway.exe']

/** Electron's binary, as recorded by its package once downloaded. */
function electronOfCheckout(folder: string): string | undefined {
  try {
    const binary = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'))
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}
