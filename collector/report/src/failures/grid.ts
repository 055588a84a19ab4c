// How tiles are laid out: as many side by side as have room, in rows of equal length.

export interface Tile {
  x: number;
  y: number;
  width: number;
}

const GAP_X = 18;
const GAP_Y = 16;
const WIDTH_MIN = 160;
/** Where the window is narrow, two side by side are still legible. */
const NARROW = 420;
const NARROW_WIDTH_MIN = 118;

export function columnsOf(count: number, width: number): number {
  const least = width < NARROW ? NARROW_WIDTH_MIN : WIDTH_MIN;
  const most = Math.max(1, Math.min(count, Math.floor((width + GAP_X) / (least + GAP_X))));
  // Twelve in rows of five would leave a hole: four rows of three, or two of six, do not.
  return Math.ceil(count / Math.ceil(count / most));
}

export function tiles(count: number, width: number, tileHeight: number): { places: Tile[]; height: number } {
  if (count === 0) return { places: [], height: 0 };
  const columns = columnsOf(count, width);
  const tileWidth = (width - (columns - 1) * GAP_X) / columns;
  const places = Array.from({ length: count }, (_, at) => ({
    x: (at % columns) * (tileWidth + GAP_X),
    y: Math.floor(at / columns) * (tileHeight + GAP_Y),
    width: tileWidth,
  }));
  return { places, height: Math.ceil(count / columns) * (tileHeight + GAP_Y) - GAP_Y };
}
