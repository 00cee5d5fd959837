export interface FoundEngine {
  ready: true
  /** `unix:///var/run/docker.sock` */
  host: string
  version: string
}
/** The first engine that answers: DOCKER_HOST, the current docker context, then the usual sockets. */
export function findEngine(): Promise<FoundEngine | undefined>
