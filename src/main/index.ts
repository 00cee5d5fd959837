import { app } from 'electron'
import { messageOf } from '#shared/base/message-of.ts'
import { openBack } from './back.ts'
import { defaultHome, findInstallation } from './installation.ts'
import { createLog } from './log.ts'
import { unlockKeys } from './keys/key-storage.ts'
import { systemKeychain } from './shell/keychain.ts'
import { startDesktop } from './shell/desktop.ts'
import { onEndSignal } from './end-signals.ts'
import { optimiseLater } from './tiering.ts'
import { watchUncaughtErrors } from './uncaught-errors.ts'

optimiseLater()

const unlockFlag = '--unlock-keys='
const toUnlock = process.argv.find((argument) => argument.startsWith(unlockFlag))?.slice(unlockFlag.length)

/**
 * The desktop app: a single instance that hosts the back end and its window; or, for `slipway unlock`, access to the
 * keychain.
 */
if (toUnlock !== undefined) void unlock(toUnlock).then(() => app.exit(0), fail)
else if (!app.requestSingleInstanceLock()) app.quit()
else {
  const log = createLog({ level: process.env.SLIPWAY_LOG ?? 'info' })
  const uncaught = watchUncaughtErrors({ log, end: () => app.exit(1) })
  void startDesktop({
    installation: findInstallation(),
    home: defaultHome(),
    onEndSignal,
    openBack: (options) =>
      openBack({
        ...options,
        mode: 'desktop',
        home: defaultHome(),
        installation: findInstallation(),
        metrics: [uncaught],
        log,
      }),
  }).catch(fail)
}

async function unlock(home: string): Promise<void> {
  await app.whenReady()
  const count = await unlockKeys({ home, keychain: systemKeychain() })
  process.stdout.write(`${count} key files of ${home} can be read by the command line\n`)
}

function fail(error: unknown): void {
  process.stderr.write(`slipway: ${messageOf(error)}\n`)
  app.exit(1)
}
