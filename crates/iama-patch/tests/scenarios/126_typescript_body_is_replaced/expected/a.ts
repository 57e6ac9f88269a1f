import { a } from './a';

/** About f. */
export function f(x: number): number {
  return a(x);
}

export class C {
  private n = 1;

  @bound
  m(): void {
    if (this.n) {
      f(0);
    }
  }
}

export const g = (x: number) => {
  return x;
};
