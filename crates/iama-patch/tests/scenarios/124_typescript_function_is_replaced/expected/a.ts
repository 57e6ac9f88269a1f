import { a } from './a';

/** About f. */
export async function f(x: number): Promise<number> {
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
