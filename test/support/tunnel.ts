import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTunnelServer, type TunnelServer, type TunnelServerOptions } from '#agent/tunnel/server.ts'
import { createPki, type Pki } from '#main/cluster/apiserver/auth/pki.ts'
import { createTunnels, type Tunnels, type TunnelsOptions } from '#main/cluster/network/tunnel.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'

/** Both ends of a tunnel in this process, over real TLS: the host's, and that of the worker `worker-1`. */
export interface TestTunnel {
  readonly pki: Pki
  readonly tunnels: Tunnels
  /** The worker's end; `restartAgent` replaces it. */
  readonly agent: TunnelServer
  /** Port on which the worker waits for the host. */
  readonly port: number
  restartAgent(serving: { cert: string; key: string }): Promise<void>
  stop(): Promise<void>
}

export async function startTunnel(
  options: Partial<Pick<TunnelsOptions, 'apiServerPort' | 'fetchImage' | 'findImage' | 'log'>> &
    Partial<Pick<TunnelServerOptions, 'onKubeletRequest'>> = {},
): Promise<TestTunnel> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-tunnel-'))
  const pki = await createPki({ dir, clock: systemClock })
  const [port, apiPort] = [await freePort(), await freePort()]
  const startAgent = (serving: { cert: string; key: string }): Promise<TunnelServer> =>
    createTunnelServer({
      port,
      apiPort,
      tls: { ca: pki.tunnel.ca, ...serving },
      mayReach: () => true,
      log: silentLog,
      onKubeletRequest:
        options.onKubeletRequest ??
        ((stream) => {
          stream.respond({ ':status': 404 }, { endStream: true })
        }),
    })
  let agent = await startAgent((await pki.issueNode('worker-1')).server)
  const tunnels = createTunnels({
    tls: { ca: pki.tunnel.ca, ...pki.tunnel.host },
    apiServerPort: () => 1,
    fetchImage: async () => undefined,
    clock: systemClock,
    log: silentLog,
    ...options,
  })
  tunnels.open('worker-1', port)
  await tunnels.up('worker-1', AbortSignal.timeout(10_000))
  return {
    pki,
    tunnels,
    port,
    get agent() {
      return agent
    },
    async restartAgent(serving) {
      await agent.stop()
      agent = await startAgent(serving)
    },
    async stop() {
      await tunnels.stop()
      await agent.stop()
      await rm(dir, { recursive: true })
    },
  }
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
