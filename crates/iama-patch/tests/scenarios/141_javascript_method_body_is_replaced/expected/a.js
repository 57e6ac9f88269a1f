'use strict';
var x = require('x');

class A {
	m() {
		return x(
			1
		);
	}
	n() {
		return 1;
	}
}
