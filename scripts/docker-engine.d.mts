export function ensureEngine(options?: {
  log?: (line: string) => void
}): Promise<{ ready: true; host: string; version: string } | { ready: false; message: string }>
