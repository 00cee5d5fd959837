import { protocol } from 'electron'
import { contentSecurityPolicy, readStaticFile } from '#main/rpc/static-files.ts'

export const appOrigin = 'app://slipway'

/** Must run before the app is ready: makes `app:` a standard, secure scheme (Electron's list, items 1 and 18). */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** Serves the built face at `app://slipway/`, with its content security policy, and nothing outside its folder. */
export function handleAppProtocol(renderer: string): void {
  protocol.handle('app', async (request) => {
    const { host, pathname } = new URL(request.url)
    const file = host === 'slipway' && request.method === 'GET' ? await readStaticFile(renderer, pathname) : undefined
    if (!file) return new Response('not found', { status: 404 })
    return new Response(new Uint8Array(file.body), {
      headers: {
        'content-type': file.type,
        'content-security-policy': contentSecurityPolicy,
        'x-content-type-options': 'nosniff',
      },
    })
  })
}
