import type { MenuItemConstructorOptions } from 'electron'
import type { Command } from '#shared/contract/app.ts'
import type { ShellTexts } from './texts/index.ts'

export interface MenuActions {
  command(name: Command): void
  newWindow(): void
  openManifests(): void
  openDocumentation(): void
}

type Items = MenuItemConstructorOptions[]
const separator = { type: 'separator' } as const

/**
 * The application menu: commands go to the page, roles to Electron, which labels them in English unless they have a label.
 * It has no reload and no developer tools.
 */
export function applicationMenu({ menu }: ShellTexts, actions: MenuActions, isMac: boolean): Items {
  return [
    ...(isMac ? [appMenu(menu)] : []),
    { label: menu.file, submenu: fileMenu(menu, actions) },
    { label: menu.edit, submenu: editMenu(menu) },
    { label: menu.view, submenu: viewMenu(menu, actions) },
    { label: menu.window, role: 'window', submenu: windowMenu(menu, isMac) },
    { label: menu.help, role: 'help', submenu: helpMenu(menu, actions, isMac) },
  ]
}

const appMenu = (menu: ShellTexts['menu']): MenuItemConstructorOptions => ({
  label: 'Slipway',
  submenu: [
    { role: 'about', label: menu.about },
    separator,
    { role: 'services', label: menu.services },
    separator,
    { role: 'hide', label: menu.hide },
    { role: 'hideOthers', label: menu.hideOthers },
    { role: 'unhide', label: menu.showAll },
    separator,
    { role: 'quit', label: menu.quit },
  ],
})

const fileMenu = (menu: ShellTexts['menu'], { command, newWindow, openManifests }: MenuActions): Items => [
  { label: menu.newWindow, click: newWindow, accelerator: 'CmdOrCtrl+Shift+N' },
  { label: menu.newCluster, click: () => command('new-cluster'), accelerator: 'CmdOrCtrl+N' },
  separator,
  { label: menu.openManifests, click: openManifests, accelerator: 'CmdOrCtrl+O' },
  { label: menu.deploy, click: () => command('deploy'), accelerator: 'CmdOrCtrl+Shift+D' },
  separator,
  { label: menu.settings, click: () => command('settings'), accelerator: 'CmdOrCtrl+,' },
  separator,
  { role: 'close', label: menu.close },
  { role: 'quit', label: menu.quit },
]

const editMenu = (menu: ShellTexts['menu']): Items => [
  { role: 'undo', label: menu.undo },
  { role: 'redo', label: menu.redo },
  separator,
  { role: 'cut', label: menu.cut },
  { role: 'copy', label: menu.copy },
  { role: 'paste', label: menu.paste },
  { role: 'selectAll', label: menu.selectAll },
]

const viewMenu = (menu: ShellTexts['menu'], { command }: MenuActions): Items => [
  { label: menu.palette, click: () => command('palette') },
  { label: menu.dock, click: () => command('toggle-dock') },
  separator,
  { role: 'resetZoom', label: menu.actualSize },
  { role: 'zoomIn', label: menu.zoomIn },
  { role: 'zoomOut', label: menu.zoomOut },
  { role: 'togglefullscreen', label: menu.fullScreen },
]

const windowMenu = (menu: ShellTexts['menu'], isMac: boolean): Items => [
  { role: 'minimize', label: menu.minimise },
  { role: 'zoom', label: menu.zoom },
  ...(isMac ? ([separator, { role: 'front', label: menu.front }] as const) : []),
  { role: 'close', label: menu.close },
]

const helpMenu = (menu: ShellTexts['menu'], { command, openDocumentation }: MenuActions, isMac: boolean): Items => [
  { label: menu.shortcuts, click: () => command('help') },
  { label: menu.documentation, click: openDocumentation },
  ...(isMac ? [] : ([separator, { role: 'about', label: menu.about }] as const)),
]
