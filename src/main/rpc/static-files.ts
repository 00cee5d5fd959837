import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

/** The page may load only its own files. Inline styles are allowed, because xterm.js creates them. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

export interface StaticFile {
  body: Buffer
  type: string
  /** Built assets carry a hash in their names and never change. */
  immutable: boolean
}

/**
 * The file of the built face that `path` names; any path without an extension is the page itself (its router reads it).
 * @returns undefined for what is not there or lies outside the folder.
 */
export async function readStaticFile(folder: string, path: string): Promise<StaticFile | undefined> {
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return undefined
  }
  if (decoded.includes('\0') || decoded.includes('..') || decoded.includes('\\')) return undefined
  const name = extname(decoded) === '' ? 'index.html' : decoded
  const file = normalize(join(folder, name))
  if (!file.startsWith(normalize(folder) + sep)) return undefined
  try {
    return {
      body: await readFile(file),
      type: types[extname(file)] ?? 'application/octet-stream',
      immutable: decoded.startsWith('/assets/'),
    }
  } catch {
    return undefined
  }
}

export function createStaticFiles(folder: string) {
  return {
    async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405).end()
        return
      }
      const file = await readStaticFile(folder, path)
      if (!file) {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('not found')
        return
      }
      response.writeHead(200, {
        'content-type': file.type,
        'content-length': file.body.length,
        'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
        'content-security-policy': contentSecurityPolicy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      response.end(request.method === 'HEAD' ? undefined : file.body)
    },
  }
}
