import { a } from './a';

/** About f. */
export function f(x: number): number {
  return a(x);
}

export class C {
  private n = 1;

  m(): void {
    g(2);
  }
}

export const g = (x: number) => {
  return x;
};
