/** Opens an address in the browser: a new tab, or the user's browser from the desktop app. */
export function openInBrowser(url: string): void {
  window.open(url, '_blank', 'noopener')
}

/** `localhost:8080` */
export const addressText = (localPort: number): string => `localhost:${localPort}`
