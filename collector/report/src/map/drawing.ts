// The drawing of the world: made once for a width, and then only coloured.

import { dot, geo, plot } from '@observablehq/plot';
import type { Feature, FeatureCollection } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import atlas from 'world-atlas/countries-110m.json';

import { svg as svgElement } from '../dom';
import { SMALL, codeOf } from './codes';

export interface Drawing {
  svg: SVGSVGElement;
  /** The shapes of each country, by its code. */
  shapes: Map<string, SVGElement>;
  width: number;
  /** Of the map alone. */
  height: number;
}

const HEIGHT_MAX = 540;

/** The world in so many pixels, without colours. */
export function draw(width: number): Drawing {
  const height = Math.min(HEIGHT_MAX, Math.round(width / 2.15));
  const topology = atlas as unknown as Topology<{ countries: GeometryCollection<{ name: string }> }>;
  const all = feature(topology, topology.objects.countries);
  // Nobody shops in Antarctica, which would take a fifth of the height.
  const features = all.features.filter(({ id }) => id !== '010');
  const domain: FeatureCollection = { type: 'FeatureCollection', features };
  const svg = plot({
    width,
    height,
    margin: 2,
    className: 'map',
    // Rotated, so that the far east of Russia is one piece with the rest.
    projection: { type: 'equal-earth', rotate: [-11, 0], domain },
    marks: [geo(features, { className: 'map-shapes' }), dot(SMALL, { x: '1', y: '2', r: 4, className: 'map-dots' })],
  }) as unknown as SVGSVGElement;
  // The page's policy forbids styles in the markup; these few rules are in main.css.
  svg.querySelector('style')?.remove();
  // What a group is called by the library says nothing, and groups without a role have no name.
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  const shapes = new Map<string, SVGElement>();
  collect(svg.querySelectorAll('.map-shapes path'), (at) => codeOfFeature(features[at]), shapes);
  collect(svg.querySelectorAll('.map-dots circle'), (at) => SMALL[at]?.[0] ?? null, shapes);
  svg.prepend(hatching());
  svg.classList.add('chart-svg');
  return { svg, shapes, width, height };
}

function codeOfFeature(of: Feature | undefined): string | null {
  return of === undefined ? null : codeOf(of.id, of.properties?.['name']);
}

/** A shape is bound to the index of what it shows. */
function collect(elements: Iterable<SVGElement>, code: (at: number) => string | null, shapes: Map<string, SVGElement>): void {
  for (const element of elements) {
    const is = code((element as SVGElement & { __data__: number }).__data__);
    if (is === null) continue;
    element.dataset['country'] = is;
    shapes.set(is, element);
  }
}

/** What countries are filled with that have too little data: told without colour. */
function hatching(): SVGElement {
  const line = svgElement('line', { x1: 0, x2: 0, y1: 0, y2: 5, 'stroke-width': 2, class: 'hatch-line' });
  const ground = svgElement('rect', { width: 5, height: 5, class: 'hatch-ground' });
  const pattern = { id: 'hatch', width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
  return svgElement('defs', {}, svgElement('pattern', pattern, ground, line));
}
