// The land under a map; countries that a site is in are marked.

import europe from 'virtual:europe';
import { svg } from '../dom.js';
import type { View } from '../map_view.js';
import { grid } from '../projection.js';

export function outlines(sites: readonly { country: string }[], view: View, scale: number): SVGElement {
  const taking_part = new Set(sites.map((s) => s.country.toUpperCase()));
  const countries = Object.entries(europe.countries).map(([code, path]) =>
    svg('path', { d: path, class: code !== '' && taking_part.has(code) ? 'land member' : 'land' }));
  const place = `scale(${scale / grid}) translate(${-view.x * grid},${-view.y * grid})`;
  return svg('g', { transform: place }, countries, svg('path', { d: europe.borders, class: 'border' }));
}
