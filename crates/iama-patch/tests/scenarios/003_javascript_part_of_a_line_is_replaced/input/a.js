var a = require('a');
var b = a.one + a.two;
