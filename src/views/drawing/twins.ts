/**
 * One moving thing, one glyph: when it is hovered in one picture, its twins in the lanes, the Why chain and the other
 * picture get the ring too. The only state of the views that is not in React, because a hover must not redraw them.
 */
let hovered: number | undefined
const listeners = new Set<(event: number | undefined) => void>()

export function hoveredEvent(): number | undefined {
  return hovered
}

export function hoverEvent(event: number | undefined): void {
  if (event === hovered) return
  hovered = event
  for (const listener of listeners) listener(event)
}

export function onHover(listener: (event: number | undefined) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
