// A panel's charts as one picture: an SVG that stands alone, or a PNG of twice the size. Colours are those of the page, dark or light, ground included.

import { type Tree, PROPERTIES, markup } from './markup';

const MARGIN = 16;
const TITLE_ROOM = 34;

export interface Picture {
  svg: string;
  width: number;
  height: number;
}

/** The charts in `body` one below the other, under the panel's title. Legends are drawn by the charts themselves. */
export function picture(body: Element, title: string): Picture | null {
  const charts = [...body.querySelectorAll<SVGSVGElement>('svg.chart-svg')].filter((chart) => chart.clientWidth > 0);
  if (charts.length === 0) return null;
  const page = getComputedStyle(body);
  const ground = getComputedStyle(body.closest('.panel') ?? body).backgroundColor;
  let y = TITLE_ROOM + MARGIN;
  const parts = charts.map((chart) => {
    const placed = `<g transform="translate(${MARGIN} ${y})">${markup(chart, styleOf)}</g>`;
    y += chart.clientHeight + MARGIN;
    return placed;
  });
  const width = Math.max(...charts.map(({ clientWidth }) => clientWidth)) + 2 * MARGIN;
  const heading = document.createElementNS('http://www.w3.org/2000/svg', 'text');
  heading.textContent = title;
  const look = { x: MARGIN, y: MARGIN + 18, fill: page.color, 'font-family': page.fontFamily, 'font-size': '17px', 'font-weight': 600 };
  for (const [name, value] of Object.entries(look)) heading.setAttribute(name, String(value));
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}">`
    + `<rect width="100%" height="100%" fill="${ground}"></rect>${markup(heading, () => ({}))}${parts.join('')}</svg>`;
  return { svg: text, width, height: y };
}

function styleOf(element: Tree): Record<string, string> | null {
  const style = getComputedStyle(element as unknown as Element);
  // What is only referred to, as a pattern is, is never shown by itself.
  const isHidden = style.display === 'none' && (element as unknown as Element).closest('defs') === null;
  if (isHidden || style.visibility === 'hidden') return null;
  return Object.fromEntries(PROPERTIES.map((name) => [name, style.getPropertyValue(name)]));
}

export async function png({ svg, width, height }: Picture): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * 2, height * 2];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('no picture')) : resolve(blob)), 'image/png');
  });
}
