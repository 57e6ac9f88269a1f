//! The rounds: find, choose edits that do not collide, apply, read again, until nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};

use iama_syntax::{Dialect, Span, SyntaxTree};
use serde::Serialize;

use crate::context::{About, Context, Project};
use crate::edit::{Change, Edit, Ledger, Piece};
use crate::groups::{self, Groups};
use crate::pair::{Pair, Reading, Rejection};
use crate::recipe::{Class, Dual, Finding, Findings, Import, Recipe, Strategy, Visit};
use crate::rules::{Rule, Rules};
use crate::skip;

/// Rounds after which places that still collide are left to a person.
pub const MAX_ROUNDS: usize = 8;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Recipes up to this strategy.
    pub strategy: Strategy,
    /// Only these recipes, when any is named.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// The version of the target language, major and minor, that decides what counts as removed.
    pub target: (u8, u8),
    /// Whether the result must run on the source language, too.
    pub dual: bool,
    /// Rules of the user's own.
    pub rules: Rules,
}

/// The version that is aimed at when nobody says another.
pub const DEFAULT_TARGET: (u8, u8) = (3, 11);

impl Options {
    /// Everything that a strategy includes.
    pub fn of(strategy: Strategy) -> Self {
        let (select, ignore) = (Vec::new(), Vec::new());
        Self { strategy, select, ignore, target: DEFAULT_TARGET, dual: false, rules: Rules::default() }
    }

    fn is_partial(&self) -> bool {
        !self.select.is_empty() || !self.ignore.is_empty()
    }

    fn includes(&self, recipe: &Recipe) -> bool {
        let named = |list: &[String]| list.iter().any(|id| id == recipe.id);
        recipe.strategy <= self.strategy && (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is written in the target language.
    AlreadyTarget,
    /// Neither language's grammar accepts it.
    Unreadable(Rejection),
    /// Recipes ran; perhaps nothing was to be done.
    Migrated(Migration),
    /// The target language, or one of the two, would not accept the result, so the file stays as it was.
    Restored {
        /// Where the result was wrong.
        rejection: Rejection,
        /// Recipes that had written there.
        recipes: Vec<&'static str>,
        /// What would have become of groups.
        groups: Groups,
    },
}

/// The rewritten text of one file and the account of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The new text.
    pub text: String,
    /// Every region of the original that is different now, ascending and disjoint.
    pub changes: Vec<RecordedChange>,
    /// What the recipes said, by place in the original.
    pub notes: Vec<Note>,
    /// How many rounds changed something.
    pub rounds: usize,
    /// Files that the new text needs beside it, by path.
    pub added: Vec<AddedFile>,
    /// Where the file goes, relative to the root, when it must have another name.
    pub moved: Option<String>,
    /// What became of the groups that have a part here.
    pub groups: Groups,
}

impl Migration {
    /// Nothing was to be done.
    fn unchanged(text: &str) -> Self {
        let (changes, notes, added) = (Vec::new(), Vec::new(), Vec::new());
        Self { text: text.to_owned(), changes, notes, rounds: 0, added, moved: None, groups: Groups::default() }
    }
}

/// A file that did not exist before. Two files of a workspace may ask for the same one, with the same text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddedFile {
    /// Where it goes, relative to the root, with `/` between folders.
    pub path: String,
    /// The whole text.
    pub text: &'static str,
    /// The recipe that needs it.
    pub recipe: &'static str,
}

/// A changed region and who changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedChange {
    /// The bytes of the original that are gone.
    pub span: Span,
    /// What stands there now.
    pub text: String,
    /// The recipes that had a part in it, sorted.
    pub recipes: Vec<&'static str>,
}

/// One finding, told in terms of the original text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The bytes of the original that are meant.
    #[serde(skip)]
    pub span: Span,
    /// The recipe.
    pub recipe: &'static str,
    /// How far it may be trusted.
    pub class: Class,
    /// The reason, for CHECK and REFUSED.
    pub why: String,
}

/// Runs a pair's recipes over one file.
pub fn migrate(pair: &Pair, path: &str, text: &str, project: &Project, options: &Options) -> Outcome {
    if let Some(kind) = (pair.plain)(path) {
        return migrate_plain(pair, path, kind, text, project, options);
    }
    let tree = match (pair.read)(text) {
        Reading::Source(tree) => tree,
        Reading::Target => return Outcome::AlreadyTarget,
        Reading::Neither(rejection) => return Outcome::Unreadable(rejection),
    };
    // In a workspace of the target language, leftovers that it accepts belong to code for both.
    // What an earlier run has made for both is for both, whatever older names it goes on using.
    let for_both = options.dual && (pair.for_both)(&tree);
    let certain = project.certain
        || (pair.certain)(&tree)
        || (!for_both && project.seen.is_source())
        || (!for_both && !project.seen.is_target() && (pair.likely)(&tree, &project.files));
    // What could be the target language as well is taken for that, unless somebody asks for a recipe by name.
    let either = !options.dual && project.seen.is_for_both();
    let runs = |recipe: &&Recipe| certain || !options.select.is_empty() || (either && (pair.either)(recipe.id));
    let wanted = |recipe: &&Recipe| runs(recipe) && options.includes(recipe);
    let recipes: Vec<Chosen> =
        pair.recipes.iter().filter(wanted).filter_map(|one| choose_visit(pair, one, options.dual)).collect();
    let rules = options.rules.chosen(&options.select, &options.ignore);
    if recipes.is_empty() && rules.is_empty() {
        return Outcome::Migrated(Migration::unchanged(text));
    }
    let ids = recipes.iter().map(|chosen| chosen.recipe.id).chain(rules.iter().map(|rule| rule.id)).collect();
    let run = Run { pair, path, project, recipes, rules, ids, certain, options, plain: None };
    let migration = run.rounds(tree, text);
    if migration.rounds == 0 {
        return Outcome::Migrated(migration);
    }
    let is_partial = options.is_partial() || skip::is_used(text);
    let accepts = if options.dual { pair.accepts_dual } else { pair.accepts };
    match accepts(&migration.text) {
        Ok(()) => Outcome::Migrated(migration),
        // Some recipes were left out on purpose, so some of the source language may be left.
        Err(_) if is_partial && matches!((pair.read)(&migration.text), Reading::Source(_)) => {
            Outcome::Migrated(migration)
        }
        Err(rejection) => Outcome::Restored { recipes: all_recipes(&migration), rejection, groups: migration.groups },
    }
}

/// A file without syntax is told by its workspace: nothing in it says which language it is for.
fn migrate_plain(
    pair: &Pair,
    path: &str,
    kind: &'static str,
    text: &str,
    project: &Project,
    options: &Options,
) -> Outcome {
    let certain = (project.certain || project.seen.is_source()) && !options.dual;
    let wanted = |recipe: &&Recipe| certain && options.includes(recipe) && recipe.kinds.contains(&kind);
    let recipes: Vec<Chosen> =
        pair.recipes.iter().filter(wanted).map(|recipe| Chosen { recipe, visit: recipe.visit, words: &[] }).collect();
    // The tree only says where the text is.
    let Ok(tree) = SyntaxTree::parse((pair.between)(Dialect::Python2), text) else {
        return Outcome::Unreadable(Rejection { offset: 0, excerpt: String::new() });
    };
    if recipes.is_empty() {
        return Outcome::Migrated(Migration::unchanged(text));
    }
    let ids = recipes.iter().map(|chosen| chosen.recipe.id).collect();
    let (rules, plain) = (Vec::new(), Some(kind));
    let run = Run { pair, path, project, recipes, rules, ids, certain, options, plain };
    Outcome::Migrated(run.rounds(tree, text))
}

/// A recipe that runs, and what it does here.
struct Chosen {
    recipe: &'static Recipe,
    visit: Visit,
    /// Words of which the text must have one, by number; none when it looks at every text.
    words: &'static [usize],
}

fn choose_visit(pair: &Pair, recipe: &'static Recipe, dual: bool) -> Option<Chosen> {
    let (visit, words) = match dual.then(|| (pair.dual)(recipe.id)) {
        None | Some(Dual::Same) => (recipe.visit, pair.words.of(recipe.id)),
        Some(Dual::Other(visit)) => (visit, &[][..]),
        Some(Dual::Never(_)) => return None,
    };
    Some(Chosen { recipe, visit, words })
}

fn all_recipes(migration: &Migration) -> Vec<&'static str> {
    let mut ids: Vec<_> = migration.changes.iter().flat_map(|change| change.recipes.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

struct Run<'a> {
    pair: &'a Pair,
    path: &'a str,
    project: &'a Project,
    recipes: Vec<Chosen>,
    rules: Vec<&'a Rule>,
    /// The names of the recipes and, after them, of the rules.
    ids: Vec<&'static str>,
    certain: bool,
    options: &'a Options,
    /// The kind of a file without syntax.
    plain: Option<&'static str>,
}

/// A finding with the rank of its recipe in the run.
struct Claim {
    recipe: u16,
    finding: Finding,
}

/// What is known of the file after some rounds.
struct State {
    ledger: Ledger,
    notes: Vec<Note>,
    touched: Vec<(Span, &'static str)>,
    added: Vec<AddedFile>,
    rounds: usize,
    moved: Option<String>,
    groups: Groups,
}

impl Run<'_> {
    fn rounds(&self, first: SyntaxTree, text: &str) -> Migration {
        let between = (self.pair.between)(first.dialect());
        let (notes, touched, added) = (Vec::new(), Vec::new(), Vec::new());
        let (ledger, groups) = (Ledger::new(text), Groups::default());
        let mut state = State { ledger, notes, touched, added, rounds: 0, moved: None, groups };
        let mut tree = first;
        let mut waiting = None;
        loop {
            let deferred = self.round(&tree, text, waiting.as_ref(), &mut state);
            if deferred.is_empty() {
                break;
            }
            // Nobody else has anything left to do.
            waiting = Some(deferred.iter().map(|claim| claim.recipe).collect());
            let parsed = SyntaxTree::parse(between, state.ledger.text());
            let Ok(next) = parsed else { break };
            if state.rounds == MAX_ROUNDS {
                self.give_up(deferred, &mut state);
                break;
            }
            tree = next;
        }
        self.finish(state, text)
    }

    /// One round; returns the claims that have to wait.
    fn round(&self, tree: &SyntaxTree, text: &str, waiting: Option<&BTreeSet<u16>>, state: &mut State) -> Vec<Claim> {
        let about = About {
            path: self.path,
            project: self.project,
            certain: self.certain,
            target: self.options.target,
            dual: self.options.dual,
            learn: self.pair.learn,
            original: text,
        };
        let context = Context::new(tree, about, &state.ledger);
        let mut claims = self.claims(&context, |recipe| waiting.is_none_or(|waiting| waiting.contains(&recipe)));
        for claim in &mut claims {
            groups::hold_back(&mut claim.finding, self.project);
        }
        drop_skipped(tree, self, &mut claims, &mut state.groups);
        if state.rounds > 0 {
            claims.retain(|claim| !is_helper(tree, &state.ledger, claim.finding.span));
        }
        let (accepted, deferred) = choose(claims, &self.ids, tree.text());
        let mut edits: Vec<(Edit, u16)> = Vec::new();
        let mut needs: BTreeMap<Import, u16> = BTreeMap::new();
        for claim in accepted {
            let id = self.ids[usize::from(claim.recipe)];
            let finding = claim.finding;
            state.groups.made(&finding);
            let span = state.ledger.source_span(finding.span);
            state.notes.push(Note { span, recipe: id, class: finding.class, why: finding.why });
            for import in finding.imports {
                needs.entry(import).or_insert(claim.recipe);
            }
            state.moved = state.moved.take().or(finding.moves);
            let added = finding.files.into_iter();
            state.added.extend(added.map(|(path, text)| AddedFile { path, text, recipe: id }));
            for edit in finding.edits {
                state.touched.push((state.ledger.source_span(edit.span), id));
                edits.push((edit, claim.recipe));
            }
        }
        let imports: Vec<Import> = needs.keys().cloned().collect();
        for edit in (self.pair.import)(&context, &imports, &edits) {
            let Some(recipe) = needs.values().next() else { break };
            state.touched.push((state.ledger.source_span(edit.span), self.ids[usize::from(*recipe)]));
            edits.push((edit, *recipe));
        }
        drop(context);
        if !edits.is_empty() {
            state.ledger = state.ledger.apply(edits);
            state.rounds += 1;
        }
        deferred
    }

    fn claims(&self, context: &Context<'_>, is_due: impl Fn(u16) -> bool) -> Vec<Claim> {
        let mut found = Findings::default();
        let mut claims = Vec::new();
        if self.plain.is_some() {
            for (recipe, chosen) in (0u16..).zip(&self.recipes).filter(|(rank, _)| is_due(*rank)) {
                (chosen.visit)(context, context.tree.root(), &mut found);
                claims.extend(found.found.drain(..).map(|finding| Claim { recipe, finding }));
            }
            return claims;
        }
        let present = self.pair.words.in_text(context.tree.text());
        let table = self.dispatch(context.tree, |rank, recipe| is_due(rank) && present.any(recipe.words));
        for node in context.tree.nodes() {
            for &recipe in table.get(usize::from(node.kind_id())).map_or(&[][..], Vec::as_slice) {
                (self.recipes[usize::from(recipe)].visit)(context, node, &mut found);
                // Most visits find nothing.
                if !found.found.is_empty() {
                    claims.extend(found.found.drain(..).map(|finding| Claim { recipe, finding }));
                }
            }
        }
        for (rank, rule) in (0u16..)
            .zip(&self.rules)
            .map(|(at, rule)| (at + recipe_count(&self.recipes), rule))
            .filter(|(rank, _)| is_due(*rank))
        {
            claims.extend(rule.findings(context.tree).into_iter().map(|finding| Claim { recipe: rank, finding }));
        }
        claims
    }

    /// Which recipes look at which kind of node.
    fn dispatch(&self, tree: &SyntaxTree, is_due: impl Fn(u16, &Chosen) -> bool) -> Vec<Vec<u16>> {
        let grammar = tree.grammar();
        let mut table = vec![Vec::new(); grammar.kind_count()];
        for (rank, recipe) in (0u16..).zip(&self.recipes).filter(|(rank, recipe)| is_due(*rank, recipe)) {
            for kind in recipe.recipe.kinds {
                for id in grammar.kind_ids(kind) {
                    table[usize::from(*id)].push(rank);
                }
            }
        }
        table
    }

    fn give_up(&self, deferred: Vec<Claim>, state: &mut State) {
        for claim in deferred {
            let span = state.ledger.source_span(claim.finding.span);
            let recipe = self.ids[usize::from(claim.recipe)];
            state.groups.broken(&claim.finding, || format!("rewrites collide in {}", self.path));
            let why = format!("rewrites still collide here after {MAX_ROUNDS} rounds");
            state.notes.push(Note { span, recipe, class: Class::Refused, why });
        }
    }

    fn finish(&self, state: State, text: &str) -> Migration {
        let mut notes = state.notes;
        let named = |name: &str| self.pair.recipes.iter().any(|recipe| recipe.id == name);
        notes.extend(skip::unknown(text, |name| named(name) || self.options.rules.ids().any(|id| id == name)));
        notes.sort();
        notes.dedup();
        let changes = record(&state.ledger, text, &state.touched, &self.ids);
        let mut added = state.added;
        added.sort();
        added.dedup();
        Migration {
            text: state.ledger.text().to_owned(),
            changes,
            notes,
            rounds: state.rounds,
            added,
            moved: state.moved,
            groups: state.groups,
        }
    }
}

fn recipe_count(recipes: &[Chosen]) -> u16 {
    u16::try_from(recipes.len()).unwrap_or(u16::MAX)
}

/// Takes claims in the order of the text, each unless it collides with one taken before. Ties are broken by the recipes'
/// names, never by their order. A rename of a name of which another edit leaves nothing collides with nothing: it is not
/// needed.
fn choose(mut claims: Vec<Claim>, ids: &[&'static str], text: &str) -> (Vec<Claim>, Vec<Claim>) {
    let key = |claim: &Claim| {
        let start = claim.finding.edits.iter().map(|edit| edit.span.start).min();
        let end = claim.finding.edits.iter().map(|edit| edit.span.end).max();
        (start.unwrap_or(claim.finding.span.start), std::cmp::Reverse(end), ids[usize::from(claim.recipe)])
    };
    claims.sort_by_key(key);
    // Each with the rank of its claim among those accepted.
    let mut taken: Vec<(usize, Edit)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let (mut accepted, mut deferred): (Vec<Claim>, Vec<Claim>) = (Vec::new(), Vec::new());
    for claim in claims {
        let edits = &claim.finding.edits;
        let first = edits.iter().map(|edit| edit.span.start).min().unwrap_or(0);
        open.retain(|&at| taken[at].1.span.end >= first);
        let in_the_way = |at: &usize| edits.iter().any(|edit| taken[*at].1.conflicts(edit));
        let blocking: Vec<usize> = open.iter().copied().filter(in_the_way).collect();
        let needless = |at: &usize| edits.iter().any(|edit| takes_name_out(edit, &taken[*at].1, text));
        if blocking.iter().all(needless) {
            for at in blocking {
                let (rank, edit) = &taken[at];
                let finding = &mut accepted[*rank].finding;
                finding.edits.retain(|other| other != edit);
                if finding.edits.is_empty() {
                    finding.imports.clear();
                    finding.files.clear();
                }
                open.retain(|other| *other != at);
            }
            open.extend(taken.len()..taken.len() + edits.len());
            taken.extend(edits.iter().map(|edit| (accepted.len(), edit.clone())));
            accepted.push(claim);
        } else if !edits.iter().all(|edit| open.iter().any(|&at| takes_name_out(&taken[at].1, edit, text))) {
            deferred.push(claim);
        }
    }
    (accepted, deferred)
}

/// Whether an edit leaves nothing of the name that another one would change.
fn takes_name_out(outer: &Edit, inner: &Edit, text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let name = &text[inner.span.range()];
    let stays = |piece: &Piece| match piece {
        Piece::Keep(_) => true,
        Piece::New(new) => new.split(|c| !is_word(c)).any(|word| word == name),
    };
    let is_name = !name.is_empty() && name.chars().all(is_word);
    is_name && outer.span.contains(inner.span) && outer.span != inner.span && !outer.pieces.iter().any(stays)
}

/// Whether a span lies in a definition that a recipe brought along. It is written for the target already.
fn is_helper(tree: &SyntaxTree, ledger: &Ledger, span: Span) -> bool {
    let inner = tree.covering(span);
    let statement = inner.ancestors().chain([inner]).find(|node| node.parent() == Some(tree.root()));
    statement.is_some_and(|node| node.text().contains('\n') && ledger.is_all_written(node.span()))
}

/// Removes what a line forbids.
fn drop_skipped(tree: &SyntaxTree, run: &Run<'_>, claims: &mut Vec<Claim>, groups: &mut Groups) {
    let text = tree.text();
    if skip::is_used(text) {
        claims.retain(|claim| {
            let forbidden = skip::forbids(text, claim.finding.span.start, run.ids[usize::from(claim.recipe)]);
            if forbidden {
                groups.broken(&claim.finding, || format!("a line of {} forbids it", run.path));
            }
            !forbidden
        });
    }
}

fn record(
    ledger: &Ledger,
    source: &str,
    touched: &[(Span, &'static str)],
    names: &[&'static str],
) -> Vec<RecordedChange> {
    let source_len = u32::try_from(source.len()).unwrap_or(u32::MAX);
    let mut touched: Vec<_> = touched.iter().filter(|(span, _)| !span.is_empty()).collect();
    touched.sort_by_key(|(span, _)| span.start);
    let mut coming = touched.into_iter().peekable();
    let mut open: Vec<&(Span, &'static str)> = Vec::new();
    let mut record = |change: Change| {
        // Both go through the text in its order, so that each touched place is taken up and laid down once.
        while let Some(place) = coming.next_if(|(span, _)| span.start < change.span.end) {
            open.push(place);
        }
        open.retain(|(span, _)| change.span.start < span.end);
        let mut ids: Vec<_> = change.writers.iter().map(|recipe| names[usize::from(*recipe)]).collect();
        if ids.is_empty() {
            ids.extend(open.iter().map(|(_, id)| *id));
        }
        ids.sort_unstable();
        ids.dedup();
        RecordedChange { span: change.span, text: change.text, recipes: ids }
    };
    ledger.changes(source_len).into_iter().map(&mut record).collect()
}
