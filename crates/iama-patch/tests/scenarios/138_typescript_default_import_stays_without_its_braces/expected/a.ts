import d from './a';
