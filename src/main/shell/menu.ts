import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { Command } from '#shared/contract/app.ts'

export interface MenuActions {
  command(name: Command): void
  newWindow(): void
  openManifests(): void
  openDocumentation(): void
}

/** The application menu: commands go to the page, roles to Electron. It has no reload and no developer tools. */
export function applicationMenu({ command, newWindow, openManifests, openDocumentation }: MenuActions): Menu {
  const item = (label: string, click: () => void, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click,
    ...(accelerator ? { accelerator } : {}),
  })
  return Menu.buildFromTemplate([
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    {
      label: 'File',
      submenu: [
        item('New Window', newWindow, 'CmdOrCtrl+Shift+N'),
        item('New Cluster…', () => command('new-cluster'), 'CmdOrCtrl+N'),
        { type: 'separator' },
        item('Open Manifests…', openManifests, 'CmdOrCtrl+O'),
        item('Deploy…', () => command('deploy'), 'CmdOrCtrl+Shift+D'),
        { type: 'separator' },
        item('Settings…', () => command('settings'), 'CmdOrCtrl+,'),
        { type: 'separator' },
        { role: 'close' },
        { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        item('Command Palette', () => command('palette')),
        item('Toggle Dock', () => command('toggle-dock')),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        item('Keyboard Shortcuts', () => command('help')),
        item('Kubernetes Documentation', openDocumentation),
        ...(process.platform === 'darwin' ? [] : [{ type: 'separator' } as const, { role: 'about' } as const]),
      ],
    },
  ])
}
