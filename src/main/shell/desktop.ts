import { app, dialog, Menu, nativeTheme, powerMonitor, type BrowserWindow } from 'electron'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Command } from '#main/rpc/app.ts'
import type { Router } from '#main/rpc/index.ts'
import type { Settings } from '#shared/contract/app.ts'
import type { Keychain } from '#main/keys/key-files.ts'
import { systemKeychain } from './keychain.ts'
import { applicationMenu } from './menu.ts'
import { servePort } from './port.ts'
import { handleAppProtocol, registerAppScheme } from './protocol.ts'
import { lockDown } from './security.ts'
import { createTray } from './tray.ts'
import { createWindow } from './window.ts'

export interface DesktopBack {
  router: Router
  data: { settings(): Promise<Settings> }
  clusters: { list(): { state: string }[]; onChange(listener: () => void): Stop }
  close(workers: 'stop' | 'keep'): Promise<void>
}

export interface DesktopOptions {
  /** Calls back when the process is told to end from outside: by a signal, or by its parent's end. */
  onEndSignal(end: () => void): Stop
  installation: { root: string; renderer: string; resources: string }
  openBack(options: {
    commands: { onCommand(listener: (command: Command) => void): Stop }
    quit(clusters: 'stop' | 'keep' | 'cancel'): Promise<void>
    keychain: Keychain | undefined
  }): Promise<DesktopBack>
}

/** Starts the shell in order: scheme, back, security, window, menu and tray; quits in the reverse order. */
export async function startDesktop({ installation, openBack, onEndSignal }: DesktopOptions): Promise<void> {
  registerAppScheme()
  lockDown()
  await app.whenReady()
  handleAppProtocol(installation.renderer)

  const commands = createCommands()
  const quitting = createQuit({ commands, ask: () => back.data.settings(), close: (workers) => back.close(workers) })
  const back = await openBack({ commands, quit: (choice) => quitting.choose(choice), keychain: systemKeychain() })
  app.on('before-quit', (event) => quitting.begin(event, back.clusters.list()))
  // Nobody is there to be asked: the workers are stopped in order.
  onEndSignal(() => void quitting.choose('stop'))

  servePort(back.router)
  let window: BrowserWindow | undefined
  const show = (): void => {
    if (window && !window.isDestroyed()) {
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
      return
    }
    window = createWindow({ root: installation.root, dark: nativeTheme.shouldUseDarkColors })
  }
  const command = (name: Command): void => {
    show()
    commands.send(name)
  }
  Menu.setApplicationMenu(applicationMenu(command))
  createTray({ resources: installation.resources, show, command, clusters: back.clusters })
  app.on('second-instance', show)
  app.on('activate', show)
  // Closing the window leaves the clusters running in the tray; quitting asks.
  app.on('window-all-closed', () => undefined)
  powerMonitor.on('resume', () => window?.webContents.send('slipway:resume'))
  show()
}

function createCommands(): { send(command: Command): void; onCommand(listener: (command: Command) => void): Stop } {
  const listeners = new Set<(command: Command) => void>()
  return {
    send(command) {
      for (const listener of listeners) listener(command)
    },
    onCommand(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Quits by the user's setting, or asks in the window when clusters run. */
function createQuit({
  commands,
  ask,
  close,
}: {
  commands: { send(command: Command): void }
  ask(): Promise<Settings>
  close(workers: 'stop' | 'keep'): Promise<void>
}) {
  let closing = false
  const leave = async (workers: 'stop' | 'keep'): Promise<void> => {
    if (closing) return
    closing = true
    try {
      await close(workers)
    } catch (error) {
      dialog.showErrorBox('Slipway did not stop cleanly', messageOf(error))
    }
    app.exit(0)
  }
  return {
    begin(event: { preventDefault(): void }, clusters: { state: string }[]): void {
      event.preventDefault()
      const running = clusters.some(({ state }) => state !== 'stopped' && state !== 'failed')
      if (!running) void leave('stop')
      else
        void ask().then(({ onQuit }) => {
          if (onQuit === 'ask') commands.send('confirm-quit')
          else void leave(onQuit)
        })
    },
    async choose(choice: 'stop' | 'keep' | 'cancel'): Promise<void> {
      if (choice !== 'cancel') await leave(choice)
    },
  }
}
