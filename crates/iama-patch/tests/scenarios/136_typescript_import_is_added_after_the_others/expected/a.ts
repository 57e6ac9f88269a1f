import { a } from './a';
import type { T } from './t';
import { b } from './a';

/** About f. */
export function f(x: number): number {
  return a(x);
}

export class C {
  private n = 1;

  @bound
  m(): void {
    f(this.n);
  }
}

export const g = (x: number) => {
  return x;
};
