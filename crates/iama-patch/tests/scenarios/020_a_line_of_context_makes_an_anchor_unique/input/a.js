function a() {
  log();
}
function b() {
  log();
}
