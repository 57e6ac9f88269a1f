export function f(x: any): any {
  return x;
}
