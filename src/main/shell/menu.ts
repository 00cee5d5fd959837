import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { Command } from '#main/rpc/app.ts'

/** The application menu: commands go to the page, roles to Electron. It has no reload and no developer tools. */
export function applicationMenu(command: (name: Command) => void): Menu {
  const item = (label: string, name: Command, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click: () => command(name),
    ...(accelerator ? { accelerator } : {}),
  })
  return Menu.buildFromTemplate([
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    {
      label: 'File',
      submenu: [
        item('New Cluster…', 'new-cluster', 'CmdOrCtrl+N'),
        item('Deploy…', 'deploy', 'CmdOrCtrl+Shift+D'),
        { type: 'separator' },
        item('Settings…', 'settings', 'CmdOrCtrl+,'),
        { type: 'separator' },
        { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        item('Command Palette', 'palette'),
        item('Toggle Dock', 'toggle-dock'),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ])
}
