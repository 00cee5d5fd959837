/** What a state means to the user. */
export type Tone = 'good' | 'done' | 'warn' | 'bad' | 'quiet'
