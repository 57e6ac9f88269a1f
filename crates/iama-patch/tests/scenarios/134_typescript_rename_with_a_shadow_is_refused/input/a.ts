function f() {}
function g(f: number) { return f; }
