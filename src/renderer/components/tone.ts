/** What a state means to its reader: gui.md section 4, "Status". */
export type Tone = 'good' | 'done' | 'warn' | 'bad' | 'quiet'
