class A {
    void a() {
        log();
    }
    void b() {
        log();
    }
    void c() {
        log();
    }
}
