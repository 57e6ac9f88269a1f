var a = require('a');
var b = a.sum(1, 2);
