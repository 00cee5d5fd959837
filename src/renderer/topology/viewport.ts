import type { Place, Places } from './layout.ts'

/** Which part of the map is seen: the map's origin in the window, px, and its scale. */
export interface Viewport {
  x: number
  y: number
  zoom: number
}
export interface Size {
  width: number
  height: number
}

export const smallest = 0.2
export const largest = 2
/** A map is not shown smaller than this before the user says so: texts have to be read. */
const readable = 0.7
/** Below this, texts are too small to be read at all, and are not drawn. */
export const legible = 0.4
export const margin = 24
/** Above the map are the titles of its lanes, px. */
export const headroom = 36

/** A map as it is first shown: all lanes where they can be read, from the top. */
export function firstView(places: Places, window: Size): Viewport {
  const { width } = boundsOf(places)
  const zoom = Math.max(readable, Math.min(1, (window.width - 2 * margin) / width))
  return { x: Math.max(margin, (window.width - width * zoom) / 2), y: headroom * zoom + 8, zoom }
}

/** The whole map, however small. */
export function wholeView(places: Places, window: Size): Viewport {
  const { width, height } = boundsOf(places)
  const fitting = Math.min((window.width - 2 * margin) / width, (window.height - margin) / height)
  const zoom = Math.max(smallest, Math.min(1, fitting))
  return { x: (window.width - width * zoom) / 2, y: headroom * zoom, zoom }
}

/** All that is drawn, with the titles of the lanes. */
export function boundsOf(places: Places): Place {
  const all = [...places.values()]
  const width = Math.max(1, ...all.map((place) => place.x + place.width))
  const height = Math.max(1, ...all.map((place) => place.y + place.height))
  return { x: 0, y: -headroom, width, height: height + headroom }
}

/** The view, moved no more than is needed for a place to be seen. */
export function reveal({ x, y, zoom }: Viewport, place: Place, window: Size): Viewport {
  const shift = (offset: number, start: number, length: number, room: number): number => {
    const from = offset + start * zoom
    const to = from + length * zoom
    if (from < margin || length * zoom > room - 2 * margin) return offset + margin - from
    return to > room - margin ? offset + room - margin - to : offset
  }
  return {
    x: shift(x, place.x, place.width, window.width),
    y: shift(y, place.y, place.height, window.height),
    zoom,
  }
}

/** Zoomed by a factor about the middle of the window. */
export function zoomed({ x, y, zoom }: Viewport, factor: number, { width, height }: Size): Viewport {
  const next = Math.max(smallest, Math.min(largest, zoom * factor))
  const about = (offset: number, room: number): number => room / 2 - ((room / 2 - offset) / zoom) * next
  return { x: about(x, width), y: about(y, height), zoom: next }
}
