import { a } from './a';

/** About f. */
export function f(x: number): number {
  return a(x);
}

export const g = (x: number) => {
  return x;
};
