// Build step: Natural Earth outlines (through the package world-atlas, 1:50m) cropped to Europe, projected and written as
// short SVG paths, so that the page carries neither a map library's data nor a projection of thousands of points.
// The module `virtual:europe` exports { countries: { "DE": path, ..., "": the rest }, borders: path }, in steps of the grid of projection.ts.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { geoPath } from 'd3-geo';
import { feature, mesh } from 'topojson-client';
import type { GeoPermissibleObjects } from 'd3-geo';
import type { GeometryCollection, MultiPolygon, Polygon, Topology } from 'topojson-specification';
import type { Plugin } from 'vite';
import { europe_projection, grid } from '../src/projection.js';

type Country = (Polygon | MultiPolygon) & { id?: string | number; properties?: { name: string } };
type Atlas = Topology<{ countries: GeometryCollection<{ name: string }> }>;

// ISO 3166-1 numeric -> alpha-2 of every country that a European site can be in.
const alpha2: Record<string, string> = {
  '008': 'AL', '020': 'AD', '031': 'AZ', '040': 'AT', '051': 'AM', '056': 'BE', '070': 'BA', '100': 'BG', '112': 'BY', '191': 'HR',
  '196': 'CY', '203': 'CZ', '208': 'DK', '233': 'EE', '246': 'FI', '250': 'FR', '268': 'GE', '276': 'DE', '300': 'GR', '348': 'HU',
  '352': 'IS', '372': 'IE', '376': 'IL', '380': 'IT', '428': 'LV', '438': 'LI', '440': 'LT', '442': 'LU', '470': 'MT', '492': 'MC',
  '498': 'MD', '499': 'ME', '528': 'NL', '578': 'NO', '616': 'PL', '620': 'PT', '642': 'RO', '674': 'SM', '688': 'RS', '703': 'SK',
  '705': 'SI', '724': 'ES', '752': 'SE', '756': 'CH', '792': 'TR', '804': 'UA', '807': 'MK', '826': 'GB',
};

/** Relative whole-number path commands in steps of the grid: a fifth of the size of absolute decimals. */
class PathWriter {
  text = '';
  private x = 0;
  private y = 0;
  private start = [0, 0] as [number, number];
  private step(command: string, x: number, y: number): void {
    const nx = Math.round(x * grid);
    const ny = Math.round(y * grid);
    if (command === 'l' && nx === this.x && ny === this.y) return;
    const dy = ny - this.y;
    this.text += `${command}${nx - this.x}${dy < 0 ? '' : ' '}${dy}`;
    [this.x, this.y] = [nx, ny];
    if (command === 'm') this.start = [nx, ny];
  }
  moveTo(x: number, y: number): void { this.step('m', x, y); }
  lineTo(x: number, y: number): void { this.step('l', x, y); }
  closePath(): void { this.text += 'z'; [this.x, this.y] = this.start; }
  arc(): void { throw new Error('the outlines hold no points'); }
  beginPath(): void { this.text = ''; }
}

function path_of(object: GeoPermissibleObjects): string {
  const writer = new PathWriter();
  geoPath(europe_projection(), writer)(object);
  return writer.text;
}

function by_name(countries: Country[], name: string): Country {
  const found = countries.find((c) => c.properties?.name === name);
  if (found === undefined) throw new Error(`world-atlas has no country named ${name}`);
  return found;
}

function polygons(country: Country): number[][][] {
  return country.type === 'Polygon' ? [country.arcs] : country.arcs;
}

/** Moves the polygons chosen from one country to another, so that fills and borders follow. */
function transfer(from: Country, to: Country, chosen: (polygon: number[][]) => boolean): void {
  const moved = polygons(from).filter(chosen);
  const kept = polygons(from).filter((p) => !chosen(p));
  Object.assign(to, { type: 'MultiPolygon', arcs: [...polygons(to), ...moved] });
  Object.assign(from, { type: 'MultiPolygon', arcs: kept });
}

function lies_in(atlas: Atlas, polygon: number[][], west: number, south: number, east: number, north: number): boolean {
  const shape = feature(atlas, { type: 'Polygon', arcs: polygon } as Polygon);
  const ring = shape.geometry.type === 'Polygon' ? shape.geometry.coordinates[0] ?? [] : [];
  return ring.every(([x = 0, y = 0]) => x >= west && x <= east && y >= south && y <= north);
}

/** Natural Earth draws lines as they are held; the report follows UN General Assembly resolutions 68/262 and 37/253. */
function settle_borders(atlas: Atlas): Country[] {
  const countries = atlas.objects.countries.geometries as Country[];
  const crimea = (p: number[][]): boolean => lies_in(atlas, p, 32, 44, 37, 46.5);
  transfer(by_name(countries, 'Russia'), by_name(countries, 'Ukraine'), crimea);
  transfer(by_name(countries, 'N. Cyprus'), by_name(countries, 'Cyprus'), () => true);
  return countries;
}

function country_code(country: Country): string {
  if (country.properties?.name === 'Kosovo') return 'XK';
  return alpha2[String(country.id)] ?? '';
}

export function europe(): { countries: Record<string, string>; borders: string } {
  const file = createRequire(import.meta.url).resolve('world-atlas/countries-50m.json');
  const atlas = JSON.parse(readFileSync(file, 'utf8')) as Atlas;
  const countries: Record<string, string> = {};
  for (const country of settle_borders(atlas)) {
    const path = path_of(feature(atlas, country as Polygon));
    if (path !== '') countries[country_code(country)] = (countries[country_code(country)] ?? '') + absolute_start(path);
  }
  const lines = mesh(atlas, atlas.objects.countries, (a, b) => a !== b && a !== undefined);
  return { countries, borders: path_of(lines) };
}

// Paths that are joined must not start relative to the end of the one before.
function absolute_start(path: string): string {
  return path.replace(/^m/, 'M');
}

export function europe_plugin(): Plugin {
  const id = 'virtual:europe';
  return {
    name: 'europe',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load: (source) => (source === `\0${id}` ? `export default ${JSON.stringify(europe())}` : null),
  };
}
