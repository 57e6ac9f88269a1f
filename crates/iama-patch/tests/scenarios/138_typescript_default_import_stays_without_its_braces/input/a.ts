import d, { a } from './a';
