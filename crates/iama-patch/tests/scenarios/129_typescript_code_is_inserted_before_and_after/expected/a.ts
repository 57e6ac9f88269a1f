import { a } from './a';

type T = string;

/** About f. */
export function f(x: number): number {
  return a(x);
}

export class C {
  private n = 1;
  private k = 2;

  @bound
  m(): void {
    f(this.n);
  }
}

export const g = (x: number) => {
  return x;
};
