// The figures as a graph: from a stated number down to the facts and assumptions under it, and up again.

import type { Figure, PlanDocument } from './document.js';

export class Trace {
  private readonly by_id = new Map<string, Figure>();
  private readonly users = new Map<string, string[]>();
  private readonly links: ReadonlyMap<string, string>;
  readonly figures: readonly Figure[];

  constructor(plan: PlanDocument) {
    this.links = plan.links ?? new Map<string, string>();
    for (const figure of plan.figures) if (!this.by_id.has(figure.id)) this.by_id.set(figure.id, figure);
    this.figures = [...this.by_id.values()];
    for (const figure of this.figures) for (const input of new Set(figure.inputs ?? [])) this.users.set(input, [...(this.users.get(input) ?? []), figure.id]);
  }

  find(id: string): Figure | undefined {
    return this.by_id.get(id);
  }

  /** The figure behind a place of the page: `links` names it, or it is called as the place is. */
  at(place: string): Figure | undefined {
    return this.by_id.get(this.links.get(place) ?? place);
  }

  number_of(figure: Figure): number {
    return this.figures.indexOf(figure) + 1;
  }

  inputs(figure: Figure): { id: string; figure: Figure | undefined }[] {
    return (figure.inputs ?? []).map((id) => ({ id, figure: this.by_id.get(id) }));
  }

  used_in(figure: Figure): Figure[] {
    return (this.users.get(figure.id) ?? []).flatMap((id) => this.by_id.get(id) ?? []);
  }

  /** Every leaf under a figure, each once; a circle in bad data ends the walk instead of looping. */
  leaves(figure: Figure): Figure[] {
    const seen = new Set<string>([figure.id]);
    const queue = [figure];
    const found: Figure[] = [];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (is_leaf(next)) found.push(next);
      for (const input of this.inputs(next)) {
        if (input.figure === undefined || seen.has(input.id)) continue;
        seen.add(input.id);
        queue.push(input.figure);
      }
    }
    return found;
  }

  estimates(figure: Figure): Figure[] {
    return this.leaves(figure).filter((leaf) => leaf.grade === 'C');
  }
}

export function is_leaf(figure: Figure): boolean {
  return (figure.inputs ?? []).length === 0;
}

/** Only web addresses become links; anything else (javascript:, data:, file:) is shown as text. */
export function web_address(url: string | undefined): string | null {
  if (url === undefined || !/^https?:\/\//i.test(url)) return null;
  try {
    return new URL(url).href;
  } catch {
    return null;
  }
}

export const grade_words = {
  A: { short: 'A: primary source', long: 'the primary or official text itself was read' },
  B: { short: 'B: second source', long: 'read through a reputable second source that quotes the primary one' },
  C: { short: 'C: estimate', long: 'an estimate, a derivation, an assumption, or a number recalled and not reopened' },
} as const;
