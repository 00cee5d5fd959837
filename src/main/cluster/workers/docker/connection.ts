import http from 'node:http'
import https from 'node:https'
import modemHttp from 'docker-modem/lib/http.js'
import Docker from 'dockerode'
import { findEngine } from './find-engine.mjs'

export type { Docker }

// docker-modem follows redirects to any host that an answer names, and throws where nobody can catch it when that host
// refuses. The engine redirects only what is not one of its paths: with Node's own modules such an answer is an error.
Object.assign(modemHttp, { http, https })

/** A client of the host's Docker Engine. @throws Error for the user when none answers */
export async function connectDocker(): Promise<Docker> {
  const engine = await findEngine()
  if (!engine) throw new Error('No Docker Engine answers. Start Docker, or choose simulated workers.')
  return dockerAt(engine.host)
}

export function dockerAt(host: string): Docker {
  const url = new URL(host)
  if (url.protocol === 'unix:') return new Docker({ socketPath: url.pathname })
  return new Docker({ host: url.hostname, port: Number(url.port || 2375) })
}

/** Whether an error of dockerode means "not found". */
export const isMissing = (error: unknown): boolean => statusOf(error) === 404

/** HTTP status of the engine's answer; 304 means "already in that state". */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode
}
