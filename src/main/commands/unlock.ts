import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defaultHome, findInstallation } from '../installation.ts'
import { lockKeys } from '../keys/key-storage.ts'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'

export const unlockCommand: Command = {
  usage: 'slipway unlock [--data DIR]',
  summary: 'open the keys of a data folder, which the desktop app has sealed, to the command line',
  help: [
    'The desktop app seals a folder’s keys with your keychain. This asks the desktop app (Electron) to write them as files',
    'of mode 0600, which the command line can read, too; your keychain may ask for your consent. Quit the desktop app',
    'first: what it opens later it would seal again. Undo it: slipway lock.',
    '',
    '  --data DIR  the data folder; ~/.local/share/slipway when unset',
  ].join('\n'),
  options: { data: { type: 'string' } },
  async run({ data }) {
    const { root } = findInstallation()
    const electron = electronBinary(root)
    if (electron === undefined)
      throw new ExpectedError(
        'the desktop app’s Electron is not installed here, and only it can ask your keychain: run npm start once, with a display',
      )
    const code = await new Promise<number>((done, reject) => {
      const child = spawn(electron, [root, `--unlock-keys=${homeOf(data)}`], { stdio: 'inherit' })
      child.on('error', reject)
      child.on('exit', (status) => done(status ?? 1))
    })
    if (code !== 0) throw new ExpectedError('the keys were not opened; nothing is lost')
  },
}

export const lockCommand: Command = {
  usage: 'slipway lock [--data DIR]',
  summary: 'have the desktop app seal the keys of a data folder again when it opens it',
  help: 'Only the desktop app can seal them, where your system has a keychain.\n\n  --data DIR  the data folder; ~/.local/share/slipway when unset',
  options: { data: { type: 'string' } },
  async run({ data }) {
    await lockKeys(homeOf(data))
    console.log('the desktop app seals the keys when it opens this folder next')
  },
}

function homeOf(data: string | boolean | undefined): string {
  const home = resolve(typeof data === 'string' ? data : defaultHome())
  if (!existsSync(home)) throw new ExpectedError(`there is no data folder ${home}`)
  return home
}

/** Path of Electron's binary; its package names it where it has been fetched. */
function electronBinary(root: string): string | undefined {
  const folder = join(root, 'node_modules/electron')
  try {
    const binary = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'))
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}
