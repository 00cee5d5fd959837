import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A secret of 256 bits, in characters that URLs and cookies take as they are. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** What is kept of a secret: its SHA-256 hash. Hashes of any two texts have the same length. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Compares in constant time, whatever length or characters the given text has. */
export const matchesDigest = (given: string, digest: Buffer): boolean => timingSafeEqual(digestOf(given), digest)
