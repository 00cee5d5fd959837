import { alternativesTo, holderOf, listenOnLoopback, type PortRefused } from '#main/cluster/index.ts'

/** Whether a port of 127.0.0.1 can be listened on. */
export interface PortState {
  free: boolean
  /** The process that has it, where the system tells. */
  holder?: string
  /** The next port that is free. */
  alternative?: number
}

/** Finds out by listening for a moment. */
export async function portState(port: number): Promise<PortState> {
  const refused = await refusalAt(port)
  return refused ? { free: false, ...(await whyRefused(port, refused)) } : { free: true }
}

/** Who has a port that was refused, and which one is free instead. */
export async function whyRefused(
  port: number,
  refused: PortRefused['refused'],
): Promise<{ holder?: string; alternative?: number }> {
  const holder = refused === 'taken' ? await holderOf(port) : undefined
  for (const alternative of alternativesTo(port, refused))
    if ((await refusalAt(alternative)) === undefined) return { ...(holder ? { holder } : {}), alternative }
  return holder ? { holder } : {}
}

async function refusalAt(port: number): Promise<PortRefused['refused'] | undefined> {
  const tried = await listenOnLoopback(port, (socket) => socket.destroy())
  if ('refused' in tried) return tried.refused
  await tried.stop()
  return undefined
}
