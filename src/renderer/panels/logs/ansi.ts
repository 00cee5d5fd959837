/** Colours that a log may ask for, by name: the page's theme says how each looks, so that all can be read. */
export type AnsiHue = 'grey' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan'

export interface AnsiStyle {
  ink?: AnsiHue
  ground?: AnsiHue
  bold?: true
  dim?: true
  underline?: true
}

/** A stretch of a text that has a style. */
export interface StyledSpan {
  start: number
  end: number
  style: AnsiStyle
}

const escape = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])/g

/**
 * Takes terminal escapes out of a line. Only colours and weights (SGR, ECMA-48 8.3.117) have an effect; the rest, such
 * as links (OSC 8), clipboard (OSC 52) and cursor moves, could deceive and are dropped.
 */
export function withoutEscapes(line: string): { text: string; spans?: StyledSpan[] } {
  const whole = line.endsWith('\r') ? line.slice(0, -1) : line
  if (!whole.includes('\x1b')) return { text: whole }
  let text = ''
  let at = 0
  let style: AnsiStyle = {}
  const spans: StyledSpan[] = []
  const add = (piece: string): void => {
    if (piece === '') return
    if (Object.keys(style).length > 0) spans.push({ start: text.length, end: text.length + piece.length, style })
    text += piece
  }
  for (const match of whole.matchAll(escape)) {
    add(whole.slice(at, match.index))
    at = match.index + match[0].length
    if (match[2] === 'm') style = styleAfter(style, match[1] ?? '')
  }
  add(whole.slice(at))
  return spans.length > 0 ? { text, spans } : { text }
}

const hues: readonly AnsiHue[] = ['grey', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'grey']

/** The style after an SGR sequence with these parameters. */
function styleAfter(before: AnsiStyle, parameters: string): AnsiStyle {
  const style = { ...before }
  const codes = parameters.split(/[;:]/).map(Number)
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    if (code === 38 || code === 48) {
      const { hue, used } = extendedColour(codes.slice(at + 1))
      setHue(style, code === 38 ? 'ink' : 'ground', hue)
      at += used
    } else applyCode(style, code)
  }
  return style
}

function applyCode(style: AnsiStyle, code: number): void {
  if (code === 0) for (const key of ['ink', 'ground', 'bold', 'dim', 'underline'] as const) delete style[key]
  else if (code === 1) style.bold = true
  else if (code === 2) style.dim = true
  else if (code === 4) style.underline = true
  else if (code === 22) {
    delete style.bold
    delete style.dim
  } else if (code === 24) delete style.underline
  else if (code === 39) delete style.ink
  else if (code === 49) delete style.ground
  else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) setHue(style, 'ink', hues[code % 10])
  else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) setHue(style, 'ground', hues[code % 10])
}

function setHue(style: AnsiStyle, where: 'ink' | 'ground', hue: AnsiHue | undefined): void {
  if (hue === undefined) delete style[where]
  else style[where] = hue
}

/** `5;n` or `2;r;g;b`: the nearest of the hues. */
function extendedColour([kind, ...rest]: readonly number[]): { hue: AnsiHue | undefined; used: number } {
  if (kind === 2) {
    const [red = 0, green = 0, blue = 0] = rest
    return { hue: nearest(red, green, blue), used: 4 }
  }
  const [index = 0] = rest
  if (index < 16) return { hue: hues[index % 8], used: 2 }
  if (index >= 232) return { hue: index < 244 ? 'grey' : undefined, used: 2 }
  const level = (value: number): number => [0, 95, 135, 175, 215, 255][value % 6] ?? 0
  const cube = index - 16
  return { hue: nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6)), level(cube)), used: 2 }
}

function nearest(red: number, green: number, blue: number): AnsiHue | undefined {
  const high = Math.max(red, green, blue)
  const low = Math.min(red, green, blue)
  if (high - low < 40) return high < 170 ? 'grey' : undefined
  const isHigh = (value: number): boolean => value > (high + low) / 2
  const key = `${isHigh(red) ? 'r' : ''}${isHigh(green) ? 'g' : ''}${isHigh(blue) ? 'b' : ''}`
  const byParts: Record<string, AnsiHue> = {
    r: 'red',
    g: 'green',
    b: 'blue',
    rg: 'yellow',
    rb: 'magenta',
    gb: 'cyan',
  }
  return byParts[key]
}
