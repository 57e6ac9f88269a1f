//! Blocks as text.

use super::EditFault;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its first line in the answer, from 1.
    pub line: usize,
    /// The file.
    pub path: String,
    /// What becomes of it.
    pub edit: Edit,
}

/// What a block says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Lines in the place of lines.
    Replace {
        /// The lines as they are.
        search: String,
        /// The lines as they shall be.
        replace: String,
    },
    /// A whole file.
    Whole {
        /// Its content.
        content: String,
    },
}

/// The shortest marker.
const SHORTEST: usize = 7;

/// The length of a marker of this sign and word; none if the line is no such marker.
fn marker(line: &str, sign: char, word: &str) -> Option<usize> {
    let line = line.trim_end();
    let length = line.chars().take_while(|&c| c == sign).count();
    (length >= SHORTEST && line[length..].trim() == word).then_some(length)
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

/// All blocks of an answer, in order.
pub(super) fn parse(text: &str) -> Result<Vec<Block>, EditFault> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks: Vec<Block> = Vec::new();
    let (mut at, mut after) = (0, 0);
    while at < lines.len() {
        let search = marker(lines[at], '<', "SEARCH");
        let Some(length) = search.or_else(|| marker(lines[at], '<', "FILE")) else {
            at += 1;
            continue;
        };
        let line = at + 1;
        let path = path(&lines[after..at]).or_else(|| blocks.last().map(|block| block.path.clone()));
        let path = path.ok_or(EditFault::NoPath { line })?;
        let rest = &lines[line..];
        let (edit, used) = if search.is_some() { replace(rest, length) } else { whole(rest, length) }
            .ok_or(EditFault::Unfinished { line })?;
        blocks.push(Block { line, path, edit });
        at = line + used;
        after = at;
    }
    if blocks.is_empty() { Err(EditFault::NoBlock) } else { Ok(blocks) }
}

/// The last line before a block, if it is a path: fences and blank lines aside.
fn path(before: &[&str]) -> Option<String> {
    let line = before.iter().rev().find(|line| !line.trim().is_empty() && !is_fence(line))?;
    let path = line.trim().trim_matches(['`', '*']).trim_end_matches(':').trim_matches('`');
    (!path.is_empty()).then(|| path.to_owned())
}

/// The edit and how many lines it took, its end included.
fn replace(lines: &[&str], length: usize) -> Option<(Edit, usize)> {
    let end = lines.iter().position(|line| marker(line, '>', "REPLACE") == Some(length))?;
    let mut dividers = (0..end).filter(|&at| marker(lines[at], '=', "") == Some(length));
    // Two dividers: which lines are searched for is anyone's guess. Longer markers say it.
    let (Some(middle), None) = (dividers.next(), dividers.next()) else { return None };
    if lines[..end].iter().any(|line| marker(line, '<', "SEARCH") == Some(length)) {
        return None;
    }
    Some((Edit::Replace { search: joined(&lines[..middle]), replace: joined(&lines[middle + 1..end]) }, end + 1))
}

fn whole(lines: &[&str], length: usize) -> Option<(Edit, usize)> {
    let end = lines.iter().position(|line| marker(line, '>', "FILE") == Some(length))?;
    Some((Edit::Whole { content: joined(&lines[..end]) }, end + 1))
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}
