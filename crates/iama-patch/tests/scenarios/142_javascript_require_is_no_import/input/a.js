'use strict';
var x = require('x');
