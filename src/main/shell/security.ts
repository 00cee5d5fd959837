import { app, session, shell, type WebContents } from 'electron'
import { isOwnPage, mayOpenOutside } from './origin.ts'

/** Restricts navigation, windows, webviews and permissions of all web contents (Electron's security list, items 5, 11-15). */
export function lockDown(): void {
  app.on('web-contents-created', (_event, contents) => lockContents(contents))
  void app.whenReady().then(() => {
    session.defaultSession.setPermissionRequestHandler((_contents, permission, decide) =>
      decide(allowedPermissions.has(permission)),
    )
    session.defaultSession.setPermissionCheckHandler((_contents, permission) => allowedPermissions.has(permission))
  })
}

/** For copy and paste in terminals and editors; all others are denied. */
const allowedPermissions = new Set(['clipboard-sanitized-write', 'clipboard-read'])

function lockContents(contents: WebContents): void {
  const stay = (event: { preventDefault(): void }, url: string): void => {
    if (!isOwnPage(url)) event.preventDefault()
  }
  contents.on('will-navigate', stay)
  contents.on('will-redirect', stay)
  contents.on('will-frame-navigate', (event) => stay(event, event.url))
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url)) void shell.openExternal(url)
    return { action: 'deny' }
  })
}
