import { app, Menu, powerMonitor, shell } from 'electron'
import type { Stop } from '#shared/base/disposable.ts'
import type { Router } from '#main/rpc/index.ts'
import type { ShellRequests } from '#main/rpc/app.ts'
import type { Command } from '#shared/contract/app.ts'
import type { Settings } from '#shared/contract/settings.ts'
import type { Keychain } from '#main/keys/key-files.ts'
import type { AskUser } from '#main/yours/confirmed.ts'
import { confirmAction } from './confirm-action.ts'
import { systemKeychain } from './keychain.ts'
import { hiddenFlag, setStartAtLogin } from './login.ts'
import { applicationMenu, type MenuActions } from './menu.ts'
import { notifyOfBreakages } from './notifications.ts'
import { chooseManifests, collectOpened, showOpened } from './opening.ts'
import { servePort } from './port.ts'
import { handleAppProtocol, registerAppScheme } from './protocol.ts'
import { createQuit } from './quit.ts'
import { createRequests } from './requests.ts'
import { lockDown } from './security.ts'
import { createSpeech, type Speech } from './texts/index.ts'
import { createTray, type TrayClusters } from './tray.ts'
import { createWindows, type Windows } from './windows.ts'

export interface DesktopBack {
  router: Router
  data: { settings(): Promise<Settings>; onSettings(listener: (settings: Settings) => void): Stop }
  clusters: TrayClusters & { crashingPods(): ReadonlyMap<string, readonly string[]> }
  close(workers: 'stop' | 'keep'): Promise<void>
}

export interface DesktopOptions {
  /** Calls back when the process is told to end from outside: by a signal, or by its parent's end. */
  onEndSignal(end: () => void): Stop
  /** Data folder, which also keeps where windows were. */
  home: string
  installation: { root: string; renderer: string; resources: string }
  openBack(options: {
    shellRequests: ShellRequests
    quit(clusters: 'stop' | 'keep' | 'cancel'): Promise<void>
    keychain: Keychain | undefined
    confirmAction: AskUser
  }): Promise<DesktopBack>
}

/** Starts the shell in order: scheme, back, security, windows, menu and tray; quits in the reverse order. */
export async function startDesktop({ installation, home, openBack, onEndSignal }: DesktopOptions): Promise<void> {
  registerAppScheme()
  lockDown()
  const opened = collectOpened()
  await app.whenReady()
  handleAppProtocol(installation.renderer)
  app.setAsDefaultProtocolClient('slipway')

  const speech = createSpeech(app.getPreferredSystemLanguages())
  const requests = createRequests()
  const windows = createWindows({ root: installation.root, home, requests })
  const quitting = createQuit({
    speech,
    confirm: () => windows.ask({ command: 'confirm-quit' }),
    settings: () => back.data.settings(),
    close: (workers) => back.close(workers),
  })
  const back = await openBack({
    shellRequests: requests,
    quit: (choice) => quitting.choose(choice),
    keychain: systemKeychain(),
    confirmAction: confirmAction(speech),
  })
  app.on('before-quit', (event) => quitting.begin(event, back.clusters.list()))
  // Nobody is there to be asked: the workers are stopped in order.
  onEndSignal(() => void quitting.choose('stop'))

  servePort(back.router)
  addMenuAndTray({ windows, speech, clusters: back.clusters, resources: installation.resources })
  followSettings({ back, windows, speech })
  app.on('second-instance', () => windows.show())
  app.on('activate', () => windows.show())
  // Closing the windows leaves the clusters running in the tray; quitting asks.
  app.on('window-all-closed', () => undefined)
  powerMonitor.on('resume', () => windows.all().forEach(({ webContents }) => webContents.send('slipway:resume')))
  if (!process.argv.includes(hiddenFlag)) await windows.restore()
  opened.attend((what) => void showOpened(what, { ask: windows.ask, texts: speech.texts() }))
}

function addMenuAndTray({
  windows,
  speech,
  clusters,
  resources,
}: {
  windows: Windows
  speech: Speech
  clusters: TrayClusters
  resources: string
}): void {
  const command = (name: Command): void => windows.ask({ command: name })
  const openManifests = async (): Promise<void> => {
    const texts = speech.texts()
    await showOpened(await chooseManifests(texts), { ask: windows.ask, texts })
  }
  const actions: MenuActions = {
    command,
    newWindow: () => windows.open(),
    openManifests: () => void openManifests(),
    openDocumentation: () => void shell.openExternal('https://kubernetes.io/docs/'),
  }
  const showMenu = (): void => {
    const template = applicationMenu(speech.texts(), actions, process.platform === 'darwin')
    Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  }
  speech.onChange(showMenu)
  showMenu()
  createTray({
    resources,
    clusters,
    speech,
    command,
    show: () => windows.show(),
    openCluster: (name) => windows.ask({ visit: clusterAddress(name) }),
  })
}

/** Language, notifications and the start at login are as the settings say, now and after each change. */
function followSettings({ back, windows, speech }: { back: DesktopBack; windows: Windows; speech: Speech }): void {
  const wanted = { breakages: false, crashes: false }
  let startAtLogin = false
  const follow = (settings: Settings): void => {
    speech.follow(settings)
    wanted.breakages = settings.notifications
    wanted.crashes = settings.notifications && settings.crashNotices
    // What was never wanted is not taken away: the user may have arranged it by hand.
    if (settings.startAtLogin !== startAtLogin) void setStartAtLogin(settings.startAtLogin)
    startAtLogin = settings.startAtLogin
  }
  void back.data.settings().then(follow)
  back.data.onSettings(follow)
  notifyOfBreakages({
    clusters: back.clusters,
    speech,
    isWanted: (what) => wanted[what],
    open: (name) => windows.ask({ visit: clusterAddress(name) }),
  })
}

const clusterAddress = (name: string): string => `/c/local:${name}/pods`
