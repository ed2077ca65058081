export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height })
export const right = (b: Box): number => b.x + b.width
export const bottom = (b: Box): number => b.y + b.height
export const middleX = (b: Box): number => b.x + b.width / 2
export const middleY = (b: Box): number => b.y + b.height / 2
