class A { void m() {} }
