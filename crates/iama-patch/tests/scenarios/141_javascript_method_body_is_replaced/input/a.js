'use strict';
var x = require('x');

class A {
	m() { return x; }
	n() {
		return 1;
	}
}
