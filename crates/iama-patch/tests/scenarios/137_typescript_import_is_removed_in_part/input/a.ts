import d, { a, b } from './a';
import * as n from 'n';
import './side';
