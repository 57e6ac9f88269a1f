//! What a recipe may look at besides the node: the file's tree, scopes and path, and the modules beside it.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use iama_syntax::scopes::{Binding, BindingId, BindingKind, Resolution, ScopeId, ScopeKind, Scopes};
use iama_syntax::{Node, NodeId, Span, SyntaxTree};
use rustc_hash::FxHashMap;

use crate::edit::Ledger;
use crate::pair::{Pair, Reading};

/// What is known of the workspace before any file is rewritten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Every source file, relative to the root, with `/` between folders.
    pub files: BTreeSet<String>,
    /// Whether the caller knows the files to be written in the source language, whatever they look like.
    pub certain: bool,
    /// What was seen of the languages while files were taken in.
    pub seen: Seen,
    /// What the files say about each other.
    pub facts: Facts,
    /// Whether all of its files are worked on together, so that one of them may be given another name.
    pub moves: bool,
    /// Groups of edits that are made nowhere, since one of them can't be made, with the reason.
    pub withdrawn: BTreeMap<String, String>,
}

impl Project {
    /// Takes in what one file says that other files may ask for.
    pub fn learn(&mut self, pair: &Pair, path: &str, text: &str) {
        (pair.learn)(path, text, &mut self.facts);
        if self.seen.files < SAMPLE && !self.seen.is_settled() {
            self.seen.take(pair, text, &self.files);
        }
    }
}

/// Files of a workspace that are read to learn which language it is written in.
const SAMPLE: u32 = 50;

/// How many files leaned towards which language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    files: u32,
    source: u32,
    target: u32,
}

impl Seen {
    fn take(&mut self, pair: &Pair, text: &str, files: &BTreeSet<String>) {
        if text.trim().is_empty() {
            return;
        }
        self.files += 1;
        match (pair.read)(text) {
            Reading::Source(tree) if (pair.certain)(&tree) || (pair.likely)(&tree, files) => self.source += 1,
            Reading::Target => self.target += 1,
            Reading::Source(_) | Reading::Neither(_) => {}
        }
    }

    /// Whether no more files can change that it is written in the source language.
    const fn is_settled(&self) -> bool {
        self.source * 2 > SAMPLE
    }

    /// Whether enough files lean on the source language that the doubtful ones are taken for it.
    pub const fn is_source(&self) -> bool {
        self.source > self.target && self.source * 10 >= self.files
    }

    /// Whether no file that was looked at needs the target language.
    pub const fn is_for_both(&self) -> bool {
        self.files > 0 && self.target == 0
    }

    /// Whether the workspace is written in the target language, but for leftovers.
    pub const fn is_target(&self) -> bool {
        self.files > 0 && self.target >= self.source && self.target > 0
    }
}

/// What files say about names that other files use, by topic and name. What a topic means is the pair's own affair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    known: BTreeMap<&'static str, FxHashMap<String, BTreeSet<String>>>,
}

impl Facts {
    /// Adds a fact.
    pub fn add(&mut self, topic: &'static str, name: &str, value: &str) {
        let names = self.known.entry(topic).or_default();
        let values = match names.get_mut(name) {
            Some(values) => values,
            None => names.entry(name.to_owned()).or_default(),
        };
        if !values.contains(value) {
            values.insert(value.to_owned());
        }
    }

    /// Adds the type of a value that a run of the legacy code has seen at a place of a file.
    pub fn observe(&mut self, path: &str, value: Span, kind: &str) {
        self.add(OBSERVED, &place(path, value), kind);
        if let Some(class) = kind.strip_prefix("other:") {
            self.add(OBSERVED_CLASS, class, "");
        }
    }

    /// Says that a file has a part in edits that are made in several files together.
    pub fn share(&mut self, path: &str) {
        self.add(SHARES, path, "");
    }

    /// Whether a file has such a part.
    pub fn shares(&self, path: &str) -> bool {
        self.has(SHARES, path, "")
    }

    /// What is known under a name, sorted.
    pub fn get(&self, topic: &'static str, name: &str) -> impl Iterator<Item = &str> {
        self.values(topic, name).into_iter().flatten().map(String::as_str)
    }

    /// Whether this is known.
    pub fn has(&self, topic: &'static str, name: &str, value: &str) -> bool {
        self.values(topic, name).is_some_and(|values| values.contains(value))
    }

    fn values(&self, topic: &str, name: &str) -> Option<&BTreeSet<String>> {
        self.known.get(topic)?.get(name)
    }
}

/// The topic of the types that were seen at places of files.
const OBSERVED: &str = "observed";

/// The topic of files that have a part in edits of several files.
const SHARES: &str = "shares";
/// The topic of the classes of which objects were seen that take part in no protocol.
pub const OBSERVED_CLASS: &str = "observed class";

fn place(path: &str, value: Span) -> String {
    format!("{path}:{}-{}", value.start, value.end)
}

/// One file in one round.
pub struct Context<'t> {
    /// The tree of the present text.
    pub tree: &'t SyntaxTree,
    /// Where the file lies, relative to the root.
    pub path: &'t str,
    /// The workspace.
    pub project: &'t Project,
    /// Whether the file is certainly written in the source language.
    pub certain: bool,
    /// The version of the target language.
    pub target: (u8, u8),
    /// Whether the result must run on the source language, too.
    pub dual: bool,
    /// The text before the first round.
    pub original: &'t str,
    pub(crate) ledger: &'t Ledger,
    scopes: OnceCell<Scopes>,
    facts: OnceCell<Cow<'t, Facts>>,
    learn: fn(&str, &str, &mut Facts),
    futures: OnceCell<Vec<&'t str>>,
    imported: OnceCell<BTreeSet<&'t str>>,
    answers: RefCell<FxHashMap<&'static str, bool>>,
    chosen: RefCell<BTreeMap<&'static str, Option<String>>>,
    /// The dotted path of each node that was asked for; an empty one says that there is none.
    dotted: OnceCell<Vec<OnceCell<Box<str>>>>,
    bound_to: RefCell<FxHashMap<NodeId, Option<String>>>,
}

/// What is the same in every round.
#[derive(Clone, Copy)]
pub(crate) struct About<'t> {
    pub(crate) path: &'t str,
    pub(crate) project: &'t Project,
    pub(crate) certain: bool,
    pub(crate) target: (u8, u8),
    pub(crate) dual: bool,
    pub(crate) learn: fn(&str, &str, &mut Facts),
    pub(crate) original: &'t str,
}

/// The places that give a name its value; `del` does not.
fn given(binding: &Binding) -> impl Iterator<Item = NodeId> {
    binding.definitions.iter().filter(|(_, kind)| *kind != BindingKind::Deletion).map(|(id, _)| *id)
}

impl<'t> Context<'t> {
    pub(crate) fn new(tree: &'t SyntaxTree, about: About<'t>, ledger: &'t Ledger) -> Self {
        let About { path, project, certain, target, dual, learn, original } = about;
        Self {
            tree,
            path,
            project,
            certain,
            target,
            dual,
            original,
            ledger,
            scopes: OnceCell::new(),
            facts: OnceCell::new(),
            learn,
            futures: OnceCell::new(),
            imported: OnceCell::new(),
            answers: RefCell::default(),
            chosen: RefCell::default(),
            dotted: OnceCell::new(),
            bound_to: RefCell::default(),
        }
    }

    /// What the workspace's files say about each other; when nobody has read them, what this one says.
    pub fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| {
            if self.project.facts != Facts::default() {
                return Cow::Borrowed(&self.project.facts);
            }
            let mut own = Facts::default();
            (self.learn)(self.path, self.tree.text(), &mut own);
            Cow::Owned(own)
        })
    }

    /// The scopes and bindings of the file, worked out when first asked for.
    pub fn scopes(&self) -> &Scopes {
        self.scopes.get_or_init(|| Scopes::build(self.tree))
    }

    /// Whether a recipe wrote some of this node's text in an earlier round.
    pub fn is_written(&self, node: Node<'_>) -> bool {
        self.ledger.is_written(node.span())
    }

    /// What stood in the original where this node stands.
    pub fn source_text(&self, node: Node<'_>) -> &str {
        &self.original[self.ledger.source_span(node.span()).range()]
    }

    /// Where that begins in the original.
    pub fn source_start(&self, node: Node<'_>) -> usize {
        self.ledger.source_span(node.span()).start as usize
    }

    /// Whether a name is not bound by the file.
    pub fn is_builtin(&self, name: Node<'_>) -> bool {
        matches!(self.scopes().resolve(name), Some(Resolution::Builtin | Resolution::Unknown))
            || (self.dual && self.is_stand_in(name))
    }

    /// Whether all that binds a name is `try: name` with what stands in for the builtin where there is none.
    fn is_stand_in(&self, name: Node<'_>) -> bool {
        let Some(binding) = self.binding(name).map(|id| self.scopes().binding(id)) else { return false };
        let asks = |attempt: Node<'_>| {
            let first = attempt.field("body").and_then(|body| body.named_child(0));
            attempt.kind() == "try_statement" && first.is_some_and(|first| first.text() == name.text())
        };
        !binding.definitions.is_empty()
            && binding.definitions.iter().all(|(id, _)| self.tree.node(*id).ancestors().any(asks))
    }

    /// The places that use what `name` binds.
    pub fn references(&self, name: Node<'_>) -> Vec<Node<'t>> {
        let Some(binding) = self.binding(name) else { return Vec::new() };
        self.scopes().references(binding).map(|id| self.tree.node(id)).collect()
    }

    /// The types of a value that runs of the legacy code have seen, sorted; none where nobody looked.
    pub fn observed(&self, value: Node<'_>) -> Vec<&str> {
        self.observed_at(value.span())
    }

    /// The same for a piece of the present text.
    pub fn observed_at(&self, value: Span) -> Vec<&str> {
        self.project.facts.get(OBSERVED, &place(self.path, self.ledger.source_span(value))).collect()
    }

    /// Whether only one place binds this name.
    pub fn has_one_definition(&self, name: Node<'_>) -> bool {
        self.binding(name).is_some_and(|binding| self.scopes().binding(binding).definitions.len() == 1)
    }

    /// Whether a name belongs to one function, so that no other file can ask for it.
    pub fn is_local(&self, name: Node<'_>) -> bool {
        self.binding(name).is_some_and(|binding| {
            let scope = self.scopes().binding(binding).scope;
            self.scopes().scope(scope).kind == ScopeKind::Function
        })
    }

    /// The values that a name is given, when nothing but plain assignments give it any; nothing else than that is told.
    pub fn values_of(&self, name: Node<'_>) -> Vec<Node<'t>> {
        let Some(binding) = self.binding(name).filter(|_| name.kind() == "identifier") else { return Vec::new() };
        let definitions = given(self.scopes().binding(binding)).map(|id| self.tree.node(id));
        let values = definitions.map(|target| {
            let statement =
                target.parent().filter(|outer| outer.kind() == "assignment" && target.field_name() == "left");
            statement.and_then(|outer| outer.field("right"))
        });
        values.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// Whether any scope of the file binds this name.
    pub fn binds_anywhere(&self, name: &str) -> bool {
        self.scopes().binds_anywhere(name)
    }

    /// Whether some scope binds `root` to something else than an import of `module`.
    pub fn binds_other(&self, root: &str, module: &str) -> bool {
        let scopes = self.scopes();
        self.binds_anywhere(root)
            && !scopes.lookup(ScopeId(0), root).is_some_and(|binding| {
                let definitions = &scopes.binding(binding).definitions;
                definitions.iter().all(|(node, _)| self.imported(*node).is_some_and(|path| path == module))
            })
    }

    fn binding(&self, name: Node<'_>) -> Option<BindingId> {
        let first = if name.kind() == "dotted_name" { name.named_child(0)? } else { name };
        self.scopes().binding_of(first)
    }

    /// The dotted path that a name or an attribute stands for by the imports of the file, such as `os.path.join`.
    pub fn dotted(&self, node: Node<'_>) -> Option<&str> {
        let kind = node.kind();
        if !matches!(kind, "attribute" | "identifier") {
            return None;
        }
        let known = self.dotted.get_or_init(|| vec![OnceCell::new(); self.tree.len()]);
        let path = known[node.id().0 as usize].get_or_init(|| self.find_dotted(node, kind).unwrap_or_default());
        Some(&**path).filter(|path| !path.is_empty())
    }

    fn find_dotted(&self, node: Node<'_>, kind: &str) -> Option<Box<str>> {
        if kind == "attribute" {
            let object = self.dotted(node.field("object")?)?;
            return Some([object, ".", node.field("attribute")?.text()].concat().into());
        }
        // A name that the file does not bind comes from an import with a star, or from a piece cut out of a file.
        if self.is_builtin(node) {
            return Some(node.text().into());
        }
        let binding = self.scopes().binding(self.scopes().binding_of(node)?);
        let mut paths = given(binding)
            .filter(|definition| !self.is_fallback(*definition, binding))
            .map(|definition| self.imported(definition));
        let first = paths.next()??;
        // Code for both languages binds one name by an import for each; the first is the source language's.
        (self.dual || paths.all(|path| path.as_ref() == Some(&first))).then(|| first.into())
    }

    /// Whether a definition stands in for an import of the same name that has failed.
    fn is_fallback(&self, definition: NodeId, binding: &Binding) -> bool {
        let mut around = self.tree.node(definition).ancestors();
        let Some(handler) = around.find(|outer| outer.kind() == "except_clause") else { return false };
        let error = handler.named_child(0).map_or("", Node::text);
        let body = handler.parent().and_then(|attempt| attempt.field("body")).map(Node::span);
        error.contains("ImportError")
            && given(binding).any(|other| {
                let place = self.tree.node(other).span();
                body.is_some_and(|body| body.contains(place)) && self.imported(other).is_some()
            })
    }

    /// Every dotted path that a name or an attribute may stand for, when nothing but imports give it its value.
    pub fn paths(&self, node: Node<'_>) -> Vec<String> {
        match node.kind() {
            "attribute" => {
                let (Some(object), Some(name)) = (node.field("object"), node.field("attribute")) else {
                    return Vec::new();
                };
                self.paths(object).into_iter().map(|path| format!("{path}.{}", name.text())).collect()
            }
            "identifier" => match self.scopes().binding_of(node) {
                Some(binding) => {
                    let paths: Option<Vec<_>> =
                        given(self.scopes().binding(binding)).map(|definition| self.imported(definition)).collect();
                    paths.unwrap_or_default()
                }
                None => self.dotted(node).map(str::to_owned).into_iter().collect(),
            },
            _ => Vec::new(),
        }
    }

    /// What the import that holds this identifier binds it to.
    fn imported(&self, id: NodeId) -> Option<String> {
        if let Some(known) = self.bound_to.borrow().get(&id) {
            return known.clone();
        }
        let path = self.find_imported(self.tree.node(id));
        self.bound_to.borrow_mut().insert(id, path.clone());
        path
    }

    fn find_imported(&self, name: Node<'_>) -> Option<String> {
        let statement =
            name.ancestors().find(|node| matches!(node.kind(), "import_statement" | "import_from_statement"))?;
        let item = name.parent().filter(|parent| parent.kind() == "aliased_import");
        let target = item.map_or(name, |item| item.field("name").unwrap_or(name)).text();
        // A module of the workspace is none of the library, whatever its name.
        let own = |path: &str| if self.is_neighbour(path) && !self.is_written(statement) { "." } else { "" };
        match statement.field("module_name") {
            Some(module) => Some(format!("{}{}.{target}", own(module.text()), module.text())),
            None => Some(format!("{}{target}", own(target))),
        }
    }

    /// Whether a module of this name, or the package that it names first, lies beside the file in the workspace.
    pub fn is_neighbour(&self, module: &str) -> bool {
        let first = module.split('.').next().unwrap_or(module);
        let folder = self.path.rfind('/').map_or("", |at| &self.path[..=at]);
        let files = &self.project.files;
        files.contains(&format!("{folder}{first}.py")) || files.contains(&format!("{folder}{first}/__init__.py"))
    }

    /// Whether a module is the workspace's own: a neighbour, or at the top of a folder that a package around the file lies in.
    pub fn is_own(&self, module: &str) -> bool {
        let first = module.split('.').next().unwrap_or(module);
        let files = &self.project.files;
        let tops = self.path.match_indices('/').map(|(at, _)| &self.path[..=at]).chain([""]);
        let mut tops = tops.filter(|top| !files.contains(&format!("{top}__init__.py")));
        self.is_neighbour(module)
            || tops.any(|top| {
                files.contains(&format!("{top}{first}.py")) || files.contains(&format!("{top}{first}/__init__.py"))
            })
    }

    /// Whether `import module` stands at the top level under its own name.
    pub fn imports_module(&self, module: &str) -> bool {
        self.top_level().any(|statement| {
            statement.kind() == "import_statement" && statement.fields("name").any(|name| name.text() == module)
        })
    }

    /// Whether `from module import name` stands at the top level under its own name.
    pub fn imports_name(&self, module: &str, name: &str) -> bool {
        self.top_level().any(|statement| {
            statement.kind() == "import_from_statement"
                && statement.field("module_name").is_some_and(|path| path.text() == module)
                && statement.fields("name").any(|item| item.text() == name)
        })
    }

    /// Whether the file has this `__future__` import.
    pub fn has_future(&self, feature: &str) -> bool {
        self.top_level().any(|statement| {
            statement.kind() == "future_import_statement" && statement.fields("name").any(|name| name.text() == feature)
        })
    }

    /// Whether the original file had this `__future__` import, even if a round has taken it away.
    pub fn had_future(&self, feature: &str) -> bool {
        let lines = || self.original.lines().filter(|line| line.starts_with("from __future__")).collect();
        self.futures.get_or_init(lines).iter().any(|line| line.contains(feature))
    }

    /// Whether some line of the original that imports has this word in it.
    pub fn imported_word(&self, word: &str) -> bool {
        let words = || {
            let lines = self.original.lines().map(str::trim_start);
            let imports = lines.filter(|line| line.starts_with("import ") || line.starts_with("from "));
            imports.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).collect()
        };
        self.imported.get_or_init(words).contains(word)
    }

    /// The word that is chosen in place of another one in this file, worked out when it is first asked for in a round.
    pub fn chosen(&self, word: &'static str, choose: impl FnOnce() -> Option<String>) -> Option<String> {
        if let Some(known) = self.chosen.borrow().get(word) {
            return known.clone();
        }
        let choice = choose();
        self.chosen.borrow_mut().insert(word, choice.clone());
        choice
    }

    /// The answer to a question about the whole file, worked out when it is first asked in a round.
    pub fn once(&self, question: &'static str, answer: impl FnOnce() -> bool) -> bool {
        if let Some(known) = self.answers.borrow().get(question) {
            return *known;
        }
        let answer = answer();
        self.answers.borrow_mut().insert(question, answer);
        answer
    }

    fn top_level(&self) -> impl Iterator<Item = Node<'t>> {
        self.tree.root().named_children()
    }
}
