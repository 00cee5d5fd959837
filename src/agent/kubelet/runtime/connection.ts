import http from 'node:http'
import https from 'node:https'
import modemHttp from 'docker-modem/lib/http.js'
import Docker from 'dockerode'

// docker-modem follows redirects to any host that an answer names, and throws where nobody can catch it when that host
// refuses. The engine redirects only what is not one of its paths: with Node's own modules such an answer is an error.
Object.assign(modemHttp, { http, https })

/** A client of the engine at a Unix socket. */
export const connectEngine = (socketPath: string): Docker => new Docker({ socketPath })
