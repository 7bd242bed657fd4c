import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arc_path, place_labels, places, site_pairs, view_of } from '../src/map_view.js';
import { frame, europe_projection } from '../src/projection.js';
import { europe } from '../tools/europe.js';
import { fixture } from './fixture.js';

const outlines = europe();

/** Even-odd test of a point against a path of relative moves, as the build writes it. */
function contains(path: string, x: number, y: number): boolean {
  let inside = false;
  let [px, py, sx, sy] = [0, 0, 0, 0];
  const edge = (nx: number, ny: number): void => {
    if (py > y !== ny > y && x < ((nx - px) * (y - py)) / (ny - py) + px) inside = !inside;
    [px, py] = [nx, ny];
  };
  for (const [, command = '', dx = '0', dy = '0'] of path.matchAll(/([Mmlz])(?:(-?\d+) ?(-?\d+))?/g)) {
    if (command === 'z') { edge(sx, sy); continue; }
    const [nx, ny] = command === 'M' ? [Number(dx), Number(dy)] : [px + Number(dx), py + Number(dy)];
    if (command === 'l') edge(nx, ny);
    else [px, py, sx, sy] = [nx, ny, nx, ny];
  }
  return inside;
}

function country_at(lon: number, lat: number): string[] {
  const [x, y] = europe_projection()([lon, lat]) ?? [0, 0];
  return Object.entries(outlines.countries).filter(([, path]) => contains(path, x * 2, y * 2)).map(([code]) => code);
}

test('places lie in their country', () => {
  assert.deepEqual(country_at(6.4, 50.9), ['DE']);
  assert.deepEqual(country_at(11.3, 44.5), ['IT']);
  assert.deepEqual(country_at(27.7, 64.2), ['FI']);
  assert.deepEqual(country_at(21, 42.5), ['XK']);
  assert.deepEqual(country_at(0, 57), []);
});

test('borders follow the resolutions named in the page', () => {
  assert.deepEqual(country_at(34.2, 45.2), ['UA']);
  assert.deepEqual(country_at(33.3, 35.3), ['CY']);
});

test('sites without a place in the frame are left out', () => {
  assert.equal(places(fixture('three-sites').sites).length, 3);
  assert.deepEqual(places(fixture('hostile').sites).map((p) => p.index), [1, 3]);
  assert.equal(places(fixture('three-sites').sites.map((s) => ({ ...s, lat: 40, lon: -74 }))).length, 0);
});

test('the view holds all sites with a margin, has the shape of the frame and stays in it', () => {
  for (const name of ['one-site', 'three-sites', 'eight-sites']) {
    const shown = places(fixture(name).sites);
    const view = view_of(shown);
    assert.ok(shown.every((p) => p.x > view.x + 30 && p.x < view.x + view.width - 30 && p.y > view.y + 30 && p.y < view.y + view.height - 30));
    assert.ok(Math.abs(view.width / view.height - frame.width / frame.height) < 1e-9);
    assert.ok(view.x >= 0 && view.y >= 0 && view.x + view.width <= frame.width + 1e-9 && view.y + view.height <= frame.height + 1e-9);
  }
  assert.equal(view_of([]).width, frame.width);
});

test('labels of close points do not overlap and stay in the picture', () => {
  const points = [{ x: 380, y: 50 }, { x: 384, y: 66 }, { x: 200, y: 4 }, { x: 205, y: 396 }].map((p) => ({ ...p, width: 80, height: 30 }));
  const labels = place_labels(points, 400, 400);
  for (const [a, b] of site_pairs(labels)) {
    assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y);
  }
  assert.ok(labels.every((l) => l.x >= 0 && l.x + l.width <= 400 && l.y >= 0 && l.y + l.height <= 400));
});

test('arcs join every pair once', () => {
  assert.deepEqual(site_pairs([1, 2, 3]), [[1, 2], [1, 3], [2, 3]]);
  assert.equal(arc_path({ x: 0, y: 0 }, { x: 10, y: 0 }), 'M0.0,0.0Q5.0,1.8 10.0,0.0');
});
