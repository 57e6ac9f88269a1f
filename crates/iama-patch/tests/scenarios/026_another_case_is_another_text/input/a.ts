const URL = 1;
