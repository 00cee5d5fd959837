import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { findDesktopProgram } from '../desktop-program.ts'
import { defaultHome, findInstallation } from '../installation.ts'
import { lockKeys } from '../keys/key-storage.ts'
import type { Command, OptionValues } from './command.ts'
import { ExpectedError } from './expected-error.ts'

export const unlockCommand: Command = {
  usage: 'slipway unlock [--data DIR]',
  summary: 'unseal the keys of a data folder for use by the command line',
  help: [
    'The desktop app encrypts a folder’s keys with the system keychain. This starts the desktop app (Electron) to write them',
    'to files of mode 0600 that the command line can read; the keychain may ask for permission. Quit the desktop app',
    'first, since it seals the keys again when it opens the folder. To undo: slipway lock.',
    '',
    '  --data DIR  the data folder; ~/.local/share/slipway when unset',
  ].join('\n'),
  options: { data: { type: 'string' } },
  async run({ data }) {
    const desktop = findDesktopProgram(findInstallation().root)
    if (desktop === undefined)
      throw new ExpectedError(
        'the desktop app’s Electron, which is needed to access the keychain, is not installed: run npm start once, with a display',
      )
    const code = await new Promise<number>((done, reject) => {
      const child = spawn(desktop.command, [...desktop.args, `--unlock-keys=${homeOf(data)}`], { stdio: 'inherit' })
      child.on('error', reject)
      child.on('exit', (status) => done(status ?? 1))
    })
    if (code !== 0) throw new ExpectedError('the keys were not unsealed; nothing was changed')
  },
}

export const lockCommand: Command = {
  usage: 'slipway lock [--data DIR]',
  summary: 'let the desktop app seal the keys of a data folder when it next opens it',
  help: 'Only the desktop app can seal them, and only if the system has a keychain.\n\n  --data DIR  the data folder; ~/.local/share/slipway when unset',
  options: { data: { type: 'string' } },
  async run({ data }) {
    await lockKeys(homeOf(data))
    console.log('the desktop app will seal the keys when it next opens this folder')
  },
}

function homeOf(data: OptionValues[string]): string {
  const home = resolve(typeof data === 'string' ? data : defaultHome())
  if (!existsSync(home)) throw new ExpectedError(`there is no data folder ${home}`)
  return home
}
