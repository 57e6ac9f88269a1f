//! Parses every file that is named on the standard input, one a line, and does nothing with the trees: the floor under
//! every tool that works on them.

use std::error::Error;
use std::io::BufRead as _;

use tree_sitter::Parser;
use tree_sitter_python2::LANGUAGE;

fn main() -> Result<(), Box<dyn Error>> {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE.into())?;
    let (mut files, mut bytes) = (0, 0);
    for path in std::io::stdin().lock().lines() {
        let text = std::fs::read(path?)?;
        files += usize::from(parser.parse(&text, None).is_some());
        bytes += text.len();
    }
    println!("{files} files, {bytes} bytes");
    Ok(())
}
