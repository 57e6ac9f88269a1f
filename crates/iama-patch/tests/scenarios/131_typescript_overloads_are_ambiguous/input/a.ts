function f(x: string): void;
function f(x: number): void;
function f(x: any) {}
