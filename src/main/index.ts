import { app } from 'electron'
import { openBack } from './back.ts'
import { defaultHome, findInstallation } from './installation.ts'
import { createLog } from './log.ts'
import { startDesktop } from './shell/desktop.ts'

/** The desktop app: one instance, which hosts the back and shows it in a window. */
if (!app.requestSingleInstanceLock()) app.quit()
else
  void startDesktop({
    installation: findInstallation(),
    openBack: (options) =>
      openBack({
        ...options,
        mode: 'desktop',
        home: defaultHome(),
        installation: findInstallation(),
        log: createLog({ level: process.env.SLIPWAY_LOG ?? 'info' }),
      }),
  }).catch((error: unknown) => {
    process.stderr.write(`slipway: ${error instanceof Error ? error.message : String(error)}\n`)
    app.exit(1)
  })
