/** What a state means to the user; each has a shape of its own (StatusShape). */
export type Tone = 'good' | 'done' | 'warn' | 'bad' | 'busy' | 'ending' | 'unknown' | 'stopped' | 'quiet'

/** The colour of a tone as text. */
export const toneText: Record<Tone, string> = {
  good: 'text-good',
  done: 'text-done',
  warn: 'text-warn',
  bad: 'text-bad',
  busy: 'text-warn',
  ending: 'text-quiet',
  unknown: 'text-quiet',
  stopped: 'text-quiet',
  quiet: 'text-quiet',
}
