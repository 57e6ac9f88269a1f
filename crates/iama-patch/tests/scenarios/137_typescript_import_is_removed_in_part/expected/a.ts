import { a } from './a';
import './side';
