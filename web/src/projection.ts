// The one map projection of the report: equal areas (Lambert), centred on Europe, in units of a fixed frame.
// The outlines are projected with it when the page is built, the sites when it is opened; so both must share it.

import { geoAzimuthalEqualArea } from 'd3-geo';
import type { GeoProjection } from 'd3-geo';

export const frame = { width: 1005, height: 975 } as const;

/** Outlines are rounded to halves of a unit, less than a pixel at the widest that the map is shown. */
export const grid = 2;

export function europe_projection(): GeoProjection {
  return geoAzimuthalEqualArea()
    .rotate([-12, -52])
    .scale(1500)
    .translate([495, 525])
    .clipExtent([[0, 0], [frame.width, frame.height]])
    .precision(0.1);
}
