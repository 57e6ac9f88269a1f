function a() {
  log();
}
function b() {
  warn();
}
