//! What goes into a pack: targets, what they import, and as many bodies as there is room for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::index::{Detail, Index};
use super::mask::{Masked, masked};
use super::render::{id, tokens};
use super::{Manifest, MaskedRecord, Pack, PackError, Part, PartKind, PartRecord, Pruned, SCHEMA, Wanted, Why};
use crate::secrets::Finding;
use crate::secrets::baseline::Baseline;
use crate::secrets::folder::Located;

impl Index {
    /// Makes a pack. Targets and interfaces are in it whole or it is refused; bodies go first, those farthest from the
    /// targets and the largest before others.
    pub fn pack(&self, wanted: &Wanted) -> Result<Pack, PackError> {
        let mut draft = Draft { index: self, parts: Vec::new(), masked: Vec::new() };
        let targets = draft.targets(wanted)?;
        let named = self.named(wanted, &targets);
        let reached = if targets.is_empty() && named.is_empty() {
            (0..self.files().len()).map(|id| (id, (1, Why::WholeTree))).collect()
        } else {
            self.reached(&targets, &named, wanted.reach)
        };
        draft.interfaces(&reached);
        let fixed = draft.tokens();
        if fixed > wanted.cap {
            return Err(draft.too_large(wanted.cap));
        }
        let mut room = wanted.cap - fixed;
        let mut pruned = draft.named(&named, &mut room);
        let mut gone = draft.bodies(&targets, &reached, &mut room);
        gone.append(&mut pruned);
        Ok(draft.pack(wanted, gone))
    }

    /// The files that the failure names and that are no targets.
    fn named(&self, wanted: &Wanted, targets: &[usize]) -> Vec<usize> {
        let found: BTreeSet<usize> = wanted.named.iter().filter_map(|path| self.id(path)).collect();
        found.into_iter().filter(|id| !targets.contains(id)).collect()
    }

    /// Every file that targets lead to, with how far it is and the shortest way there.
    fn reached(&self, targets: &[usize], named: &[usize], reach: u8) -> BTreeMap<usize, (u8, Why)> {
        let mut found: BTreeMap<usize, (u8, Why)> = BTreeMap::new();
        let mut front: Vec<(usize, Vec<String>)> =
            targets.iter().chain(named).map(|id| (*id, vec![self.path(*id).to_owned()])).collect();
        for distance in 1..=reach {
            let mut next = Vec::new();
            for (importer, chain) in front {
                for id in self.imported(importer) {
                    if targets.contains(&id) || found.contains_key(&id) {
                        continue;
                    }
                    let mut further = chain.clone();
                    further.push(self.path(id).to_owned());
                    found.insert(id, (distance, Why::Imported { chain: chain.clone() }));
                    next.push((id, further));
                }
            }
            front = next;
        }
        found
    }
}

struct Draft<'i> {
    index: &'i Index,
    parts: Vec<Part>,
    masked: Vec<(String, Masked)>,
}

/// A function that may be shown whole.
struct Body {
    file: usize,
    rank: usize,
    tokens: u64,
}

impl Draft<'_> {
    fn targets(&mut self, wanted: &Wanted) -> Result<Vec<usize>, PackError> {
        let mut ids = BTreeSet::new();
        for path in &wanted.targets {
            let path = path.strip_prefix("./").unwrap_or(path);
            ids.insert(self.index.id(path).ok_or_else(|| self.unknown(path))?);
        }
        let mut refused: Vec<(String, Finding)> = Vec::new();
        for id in &ids {
            let path = self.index.path(*id).to_owned();
            let text = self.index.exact(*id).ok_or_else(|| PackError::TargetUnreadable { path: path.clone() })?;
            let (text, masked) = masked(&path, &text);
            let fresh = masked.iter().filter(|one| !is_known(wanted.known.as_ref(), &path, &one.finding));
            refused.extend(fresh.map(|one| (path.clone(), one.finding.clone())));
            self.push(path, PartKind::Target, Why::Target, text, masked);
        }
        let others = refused.len().saturating_sub(1);
        match refused.into_iter().next() {
            Some((path, finding)) => Err(PackError::Secret { path, finding: Box::new(finding), others }),
            None => Ok(ids.into_iter().collect()),
        }
    }

    fn unknown(&self, path: &str) -> PackError {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let nearest = self.index.files().map(|(other, _)| other).find(|other| name(other) == name(path));
        PackError::TargetUnknown { path: path.to_owned(), nearest: nearest.map(ToOwned::to_owned) }
    }

    fn push(&mut self, path: String, kind: PartKind, why: Why, text: String, masked: Vec<Masked>) {
        self.masked.extend(masked.into_iter().map(|one| (path.clone(), one)));
        let mut part = Part { path, kind, why, text, tokens: 0, functions: Vec::new() };
        part.tokens = part.estimate();
        self.parts.push(part);
    }

    fn interfaces(&mut self, reached: &BTreeMap<usize, (u8, Why)>) {
        for (id, (_, why)) in reached {
            let Some(detail) = self.index.detail(*id) else { continue };
            let Some(text) = detail.interface.clone() else { continue };
            let shown: Vec<Masked> = shown(&detail, &text);
            self.push(self.index.path(*id).to_owned(), PartKind::Interface, why.clone(), text, shown);
        }
    }

    fn tokens(&self) -> u64 {
        self.parts.iter().map(|part| part.tokens).sum()
    }

    fn too_large(&self, cap: u64) -> PackError {
        let mut largest: Vec<(String, u64)> = self.parts.iter().map(|part| (part.path.clone(), part.tokens)).collect();
        largest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        largest.truncate(3);
        PackError::Cap { tokens: self.tokens(), cap, largest }
    }

    /// Whole files that the failure names, the smallest first.
    fn named(&mut self, named: &[usize], room: &mut u64) -> Vec<Pruned> {
        let mut files: Vec<(u64, usize, Arc<Detail>)> = named
            .iter()
            .filter_map(|id| self.index.detail(*id).map(|detail| (tokens(&detail.text), *id, detail)))
            .collect();
        files.sort_by_key(|(tokens, id, _)| (*tokens, *id));
        let mut pruned = Vec::new();
        for (_, id, detail) in files {
            let path = self.index.path(id).to_owned();
            let masked = detail.masked.clone();
            self.push(path.clone(), PartKind::Named, Why::NamedByFailure, detail.text.clone(), masked);
            let Some(gone) = self.take_back_if_too_large(room) else { continue };
            pruned.push(gone);
            let Some(text) = detail.interface.clone() else { continue };
            if self.parts.iter().all(|part| part.path != path) {
                let shown = shown(&detail, &text);
                self.push(path, PartKind::Named, Why::NamedByFailure, text, shown);
                self.take_back_if_too_large(room);
            }
        }
        pruned.reverse();
        pruned
    }

    /// Takes the last part out again when there is no room for it.
    fn take_back_if_too_large(&mut self, room: &mut u64) -> Option<Pruned> {
        let part = self.parts.last()?;
        if part.tokens <= *room {
            *room -= part.tokens;
            return None;
        }
        let part = self.parts.pop()?;
        Some(Pruned { path: part.path, function: None, tokens: part.tokens })
    }

    /// Functions of imported files whose names the targets use. Says which had to be left out.
    fn bodies(&mut self, targets: &[usize], reached: &BTreeMap<usize, (u8, Why)>, room: &mut u64) -> Vec<Pruned> {
        let details: Vec<Arc<Detail>> = targets.iter().filter_map(|id| self.index.detail(*id)).collect();
        let mut names: FxHashSet<Box<str>> = FxHashSet::default();
        for detail in &details {
            names.extend(detail.mentions.iter().cloned());
        }
        let whole: BTreeSet<String> =
            self.parts.iter().filter(|part| part.kind == PartKind::Named).map(|part| part.path.clone()).collect();
        let mut pruned = Vec::new();
        let distances: BTreeSet<u8> = reached.values().map(|(distance, _)| *distance).collect();
        for distance in distances {
            let here =
                reached.iter().filter(|(id, (far, _))| *far == distance && !whole.contains(self.index.path(**id)));
            let files: Vec<(usize, &Why)> = here.map(|(id, (_, why))| (*id, why)).collect();
            self.bodies_at(&files, &names, room, &mut pruned);
        }
        pruned.reverse();
        pruned
    }

    fn bodies_at(
        &mut self,
        files: &[(usize, &Why)],
        names: &FxHashSet<Box<str>>,
        room: &mut u64,
        pruned: &mut Vec<Pruned>,
    ) {
        let mut candidates: Vec<Body> = Vec::new();
        for (file, _) in files {
            let Some(detail) = self.index.detail(*file) else { continue };
            let Some(outline) = &detail.outline else { continue };
            let functions = outline.functions().into_iter().enumerate();
            let used = functions.filter(|(_, function)| is_used(&function.path, names));
            candidates.extend(used.map(|(rank, function)| Body { file: *file, rank, tokens: tokens(&function.whole) }));
        }
        candidates.sort_by_key(|body| (body.tokens, body.file, body.rank));
        let mut kept: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut left = *room;
        for body in candidates {
            // What stands around it takes room as well.
            let heading = if kept.contains_key(&body.file) { 16 } else { 96 };
            match left.checked_sub(body.tokens + heading) {
                Some(rest) => {
                    left = rest;
                    kept.entry(body.file).or_default().insert(body.rank);
                }
                None => pruned.extend(self.left_out(&body)),
            }
        }
        for (file, why) in files {
            if let Some(ranks) = kept.get(file) {
                pruned.extend(self.body_part(*file, why, ranks, room));
            } else if let Some(detail) = self.index.detail(*file).filter(|detail| detail.outline.is_none()) {
                let path = self.index.path(*file).to_owned();
                self.push(path, PartKind::Body, (*why).clone(), detail.text.clone(), detail.masked.clone());
                pruned.extend(self.take_back_if_too_large(room));
            }
        }
    }

    fn left_out(&self, body: &Body) -> Option<Pruned> {
        let detail = self.index.detail(body.file)?;
        let function = detail.outline.as_ref()?.functions().get(body.rank)?.path.clone();
        let path = self.index.path(body.file).to_owned();
        Some(Pruned { path, function: Some(function), tokens: body.tokens })
    }

    fn body_part(&mut self, file: usize, why: &Why, ranks: &BTreeSet<usize>, room: &mut u64) -> Option<Pruned> {
        let detail = self.index.detail(file)?;
        let outline = detail.outline.as_ref()?;
        let functions = outline.functions();
        let text = outline.bodies(ranks);
        let shown = shown(&detail, &text);
        self.push(self.index.path(file).to_owned(), PartKind::Body, why.clone(), text, shown);
        let named = ranks.iter().filter_map(|rank| functions.get(*rank));
        let named = named.map(|function| (function.path.clone(), function.line)).collect();
        self.parts.last_mut()?.functions = named;
        self.take_back_if_too_large(room)
    }

    fn pack(mut self, wanted: &Wanted, pruned: Vec<Pruned>) -> Pack {
        self.parts.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        let (id, tokens, confidence) = (id(&self.parts), self.tokens(), self.index.confidence());
        let record = |part: &Part| PartRecord {
            path: part.path.clone(),
            kind: part.kind,
            why: part.why.clone(),
            tokens: part.tokens,
            functions: part.functions.iter().map(|(path, _)| path.clone()).collect(),
        };
        let masked: BTreeSet<MaskedRecord> = self
            .masked
            .iter()
            .map(|(path, one)| MaskedRecord {
                path: path.clone(),
                line: one.finding.line,
                rule: one.finding.rule.clone(),
                placeholder: one.placeholder.clone(),
            })
            .collect();
        let manifest = Manifest {
            schema: SCHEMA,
            id: id.clone(),
            cap: wanted.cap,
            tokens,
            confidence,
            parts: self.parts.iter().map(record).collect(),
            pruned,
            masked: masked.into_iter().collect(),
        };
        let masked = self.masked.into_iter().map(|(_, one)| one).collect();
        Pack { id, tokens, parts: self.parts, confidence, manifest, masked }
    }
}

/// Whether a function may be one that names lead to: by its own name, or, for what runs when objects are made or used, by
/// that of its class.
fn is_used(path: &str, names: &FxHashSet<Box<str>>) -> bool {
    let (class, name) = path.rsplit_once('.').unwrap_or(("", path));
    let class = class.rsplit('.').next().unwrap_or(class);
    let is_special = name == class || name == "constructor" || (name.starts_with("__") && name.ends_with("__"));
    names.contains(if is_special { class } else { name })
}

/// The secrets that a part of a file would have shown.
fn shown(detail: &Detail, text: &str) -> Vec<Masked> {
    detail.masked.iter().filter(|one| text.contains(&one.placeholder)).cloned().collect()
}

fn is_known(known: Option<&Baseline>, path: &str, finding: &Finding) -> bool {
    let located = Located { path: path.to_owned(), finding: finding.clone() };
    known.is_some_and(|known| known.knows(&located))
}
