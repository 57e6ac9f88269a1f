'use strict';

import x from 'x';

var x = require('x');
