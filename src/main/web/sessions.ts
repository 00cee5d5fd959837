import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { digestOf, matchesDigest, newSecret } from '#main/http/secrets.ts'

/** A browser that has exchanged a one-time token. */
export interface Session {
  /** Keeps the session from ending as idle. */
  touch(): void
  /** Called once, when the session is signed out or its time is over. The Stop takes the listener back. */
  onEnd(listener: () => void): Stop
  /** Signs out: the cookie is worth nothing from now on. */
  end(): void
}

export interface Sessions {
  /** A token that opens one session, once, within a day. */
  issueToken(): string
  /** @returns the cookie's value for a new session, or undefined when the token is unknown, used or too old. */
  exchange(token: string): string | undefined
  /** The session of a cookie's value. */
  find(secret: string): Session | undefined
  stop(): void
}

export interface SessionLimits {
  /** A session that nobody uses for this long ends, ms. */
  idleMs: number
  /** No session lives longer, ms. */
  absoluteMs: number
  /** A token that is not used within this time is worth nothing, ms. */
  tokenMs: number
  /** Sessions and unused tokens that are kept at most; the oldest give way. */
  most: number
}

const hour = 3_600_000
export const sessionLimits: SessionLimits = {
  idleMs: 12 * hour,
  absoluteMs: 7 * 24 * hour,
  tokenMs: 24 * hour,
  most: 100,
}

/** One-time tokens and the sessions they open. Only hashes of the secrets are kept, and only in memory. */
export function createSessions({ clock, limits = sessionLimits }: { clock: Clock; limits?: SessionLimits }): Sessions {
  const tokens: { digest: Buffer; until: number }[] = []
  const sessions: LiveSession[] = []
  const prune = (): void => {
    const now = clock.now()
    for (let i = tokens.length; i-- > 0;) if ((tokens[i]?.until ?? 0) <= now) tokens.splice(i, 1)
    for (const session of [...sessions]) if (session.isOver(now)) session.end()
    void timer?.()
    timer = sessions.length > 0 ? clock.after(60_000, prune) : undefined
  }
  let timer: Stop | undefined
  return {
    issueToken() {
      const token = newSecret()
      tokens.push({ digest: digestOf(token), until: clock.now() + limits.tokenMs })
      if (tokens.length > limits.most) tokens.shift()
      return token
    },
    exchange(token) {
      prune()
      const index = tokens.findIndex(({ digest }) => matchesDigest(token, digest))
      if (index < 0) return undefined
      tokens.splice(index, 1)
      const secret = newSecret()
      sessions.push(
        new LiveSession(secret, clock, limits, (session) => {
          const place = sessions.indexOf(session)
          if (place >= 0) sessions.splice(place, 1)
        }),
      )
      if (sessions.length > limits.most) sessions[0]?.end()
      prune()
      return secret
    },
    find(secret) {
      const session = sessions.find(({ digest }) => matchesDigest(secret, digest))
      if (!session?.isOver(clock.now())) return session
      session.end()
      return undefined
    },
    stop() {
      void timer?.()
      for (const session of [...sessions]) session.end()
    },
  }
}

class LiveSession implements Session {
  readonly digest: Buffer
  readonly #clock: Clock
  readonly #limits: SessionLimits
  readonly #started: number
  readonly #onEnded: (session: LiveSession) => void
  readonly #listeners = new Set<() => void>()
  #used: number
  #ended = false

  constructor(secret: string, clock: Clock, limits: SessionLimits, onEnded: (session: LiveSession) => void) {
    this.digest = digestOf(secret)
    this.#clock = clock
    this.#limits = limits
    this.#started = this.#used = clock.now()
    this.#onEnded = onEnded
  }

  isOver(now: number): boolean {
    return now - this.#used >= this.#limits.idleMs || now - this.#started >= this.#limits.absoluteMs
  }

  touch(): void {
    this.#used = this.#clock.now()
  }

  onEnd(listener: () => void): Stop {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnded(this)
    for (const listener of this.#listeners) listener()
  }
}
