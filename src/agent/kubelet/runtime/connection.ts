import http from 'node:http'
import https from 'node:https'
import modemHttp from 'docker-modem/lib/http.js'
import Docker from 'dockerode'

// docker-modem follows redirects to any host that a response names, and throws uncatchably when that host refuses. The
// engine redirects only unknown paths: with Node's own modules such a response is an error.
Object.assign(modemHttp, { http, https })

/** A client of the engine on a Unix socket. */
export const connectEngine = (socketPath: string): Docker => new Docker({ socketPath })
