/**
 * Control characters, bidirectional marks (UAX #9, 2) and characters without width: they reverse or hide what is beside
 * them. Tabs and newlines stay, and so do the joiners inside an emoji.
 */
export const invisible =
  /[\0-\x08\v-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|(?<!\p{Extended_Pictographic}\ufe0f?)\u200d/gu

/** The text with invisible characters written out, as `\u202E`, so that no name looks like another one. */
export const visibleText = (text: string): string =>
  text.replace(invisible, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
