//! One pass over the tree that collects scopes, bindings and names, and one over the names that resolves them.

use rustc_hash::FxHashMap;

use super::roles::{Kind, Kinds, Role};
use super::{Binding, BindingId, BindingKind, Found, Occurrence, Scope, ScopeId, ScopeKind, Scopes};
use crate::dialect::Dialect;
use crate::tree::{Node, NodeId, SyntaxTree};

pub(super) fn build(tree: &SyntaxTree) -> Scopes {
    let module = Scope { kind: ScopeKind::Module, node: NodeId(0), parent: None, is_dynamic: false };
    let scopes = Scopes {
        all: vec![module],
        bindings: Vec::new(),
        bound: Vec::new(),
        names: FxHashMap::default(),
        occurrences: Vec::new(),
        uses: Vec::new(),
        uses_end: Vec::new(),
    };
    let dialect = tree.dialect();
    let kinds = Kinds::of_dialect(dialect);
    let mut builder = Builder { dialect, kinds, out: scopes, open: Vec::new(), redirected: FxHashMap::default() };
    for node in tree.nodes() {
        builder.visit(node);
    }
    builder.finish()
}

struct Builder<'t> {
    dialect: Dialect,
    kinds: &'static Kinds,
    out: Scopes,
    /// The nodes around the current one that change the scope, and to which.
    open: Vec<(Node<'t>, ScopeId)>,
    /// Names that `global` and `nonlocal` lead out of a scope.
    redirected: FxHashMap<(ScopeId, u32), Redirect>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirect {
    Global,
    Nonlocal,
}

impl<'t> Builder<'t> {
    fn visit(&mut self, node: Node<'t>) {
        while self.open.last().is_some_and(|(around, _)| !around.encloses(node)) {
            self.open.pop();
        }
        if self.kinds.is_evaluated_outside(node, self.dialect) {
            let outer = self.outer(self.current());
            self.open.push((node, outer));
        }
        match self.kinds.of(node) {
            Kind::Identifier => self.identifier(node),
            Kind::Class => self.enter(node, ScopeKind::Class),
            Kind::Function => self.enter(node, ScopeKind::Function),
            Kind::Lambda => self.enter(node, ScopeKind::Lambda),
            Kind::ListComprehension if self.dialect == Dialect::Python3 => self.enter(node, ScopeKind::Comprehension),
            Kind::Comprehension => self.enter(node, ScopeKind::Comprehension),
            Kind::WildcardImport => self.mark_dynamic(),
            Kind::Exec if is_without_namespace(node) => self.mark_dynamic(),
            Kind::Global => self.redirect(node, Redirect::Global),
            Kind::Nonlocal => self.redirect(node, Redirect::Nonlocal),
            _ => {}
        }
    }

    fn current(&self) -> ScopeId {
        self.open.last().map_or(ScopeId::MODULE, |(_, scope)| *scope)
    }

    fn outer(&self, scope: ScopeId) -> ScopeId {
        self.out.scope(scope).parent.unwrap_or(ScopeId::MODULE)
    }

    fn enter(&mut self, node: Node<'t>, kind: ScopeKind) {
        let id = ScopeId(number(self.out.all.len()));
        self.out.all.push(Scope { kind, node: node.id(), parent: Some(self.current()), is_dynamic: false });
        self.open.push((node, id));
    }

    fn mark_dynamic(&mut self) {
        let scope = self.current();
        self.out.all[scope.0 as usize].is_dynamic = true;
    }

    fn redirect(&mut self, node: Node<'t>, how: Redirect) {
        let scope = self.current();
        for name in node.named_children() {
            let name = self.name(name.text());
            self.redirected.insert((scope, name), how);
        }
    }

    fn name(&mut self, text: &str) -> u32 {
        if let Some(name) = self.out.names.get(text) {
            return *name;
        }
        let name = number(self.out.names.len());
        self.out.names.insert(text.into(), name);
        self.out.bound.push(Vec::new());
        name
    }

    fn identifier(&mut self, node: Node<'t>) {
        let role = self.kinds.role(node);
        if role == Role::None {
            return;
        }
        let name = self.name(node.text());
        let mut scope = self.current();
        if let Role::Binds(BindingKind::Function | BindingKind::Class) = role {
            scope = self.outer(scope);
        }
        self.out.occurrences.push(Occurrence { node: node.id(), name, scope, found: Found::Builtin });
        let Role::Binds(kind) = role else { return };
        let home = if is_walrus(node) { self.outside_comprehensions(scope) } else { scope };
        let binding = self.binding(home, name);
        self.out.bindings[binding.0 as usize].definitions.push((node.id(), kind));
    }

    /// The binding of a name in a scope, made when there is none yet.
    fn binding(&mut self, scope: ScopeId, name: u32) -> BindingId {
        let bound = &mut self.out.bound[name as usize];
        // The scope that is being walked was added last.
        if let Some((_, binding)) = bound.iter().rev().find(|(known, _)| *known == scope) {
            return *binding;
        }
        let binding = BindingId(number(self.out.bindings.len()));
        bound.push((scope, binding));
        self.out.bindings.push(Binding { scope, definitions: Vec::new() });
        binding
    }

    fn outside_comprehensions(&self, mut scope: ScopeId) -> ScopeId {
        while self.out.scope(scope).kind == ScopeKind::Comprehension {
            scope = self.outer(scope);
        }
        scope
    }

    fn finish(mut self) -> Scopes {
        self.merge_redirected();
        for bound in &mut self.out.bound {
            bound.sort_unstable();
        }
        for at in 0..self.out.occurrences.len() {
            let Occurrence { name, scope, .. } = self.out.occurrences[at];
            self.out.occurrences[at].found = self.find(scope, name);
        }
        self.group_uses();
        self.out
    }

    /// What a scope binds under a `global` or `nonlocal` name is bound further out. Outer scopes come first.
    fn merge_redirected(&mut self) {
        let mut redirected: Vec<_> = self.redirected.iter().map(|(key, how)| (*key, *how)).collect();
        redirected.sort_unstable_by_key(|(key, _)| *key);
        for ((scope, name), how) in redirected {
            let home = match how {
                Redirect::Global => ScopeId::MODULE,
                Redirect::Nonlocal => self.function_around(scope, name).unwrap_or(ScopeId::MODULE),
            };
            if home != scope {
                self.merge(scope, home, name);
            }
        }
    }

    fn merge(&mut self, scope: ScopeId, home: ScopeId, name: u32) {
        let bound = &mut self.out.bound[name as usize];
        let Some(at) = bound.iter().position(|(known, _)| *known == scope) else { return };
        let (_, inner) = bound.swap_remove(at);
        let definitions = std::mem::take(&mut self.out.bindings[inner.0 as usize].definitions);
        if let Some((_, outer)) = bound.iter().find(|(known, _)| *known == home) {
            let all = &mut self.out.bindings[outer.0 as usize].definitions;
            all.extend(definitions);
            all.sort_unstable();
            // What is left of the inner one belongs nowhere and binds nothing.
            self.out.bindings[inner.0 as usize].scope = home;
        } else {
            bound.push((home, inner));
            self.out.bindings[inner.0 as usize] = Binding { scope: home, definitions };
        }
    }

    fn function_around(&self, scope: ScopeId, name: u32) -> Option<ScopeId> {
        let bound = &self.out.bound[name as usize];
        let is_home = |scope: &ScopeId| {
            matches!(self.out.scope(*scope).kind, ScopeKind::Function | ScopeKind::Lambda)
                && bound.iter().any(|(known, _)| known == scope)
        };
        std::iter::successors(self.out.scope(scope).parent, |scope| self.out.scope(*scope).parent).find(is_home)
    }

    fn is_global(&self, scope: ScopeId, name: u32) -> bool {
        !self.redirected.is_empty() && self.redirected.get(&(scope, name)) == Some(&Redirect::Global)
    }

    /// What a name means as far as one scope knows; nothing when that scope leaves it to those around it.
    fn find_here(&self, scope: ScopeId, name: u32) -> Option<Found> {
        match self.out.bound_in(scope, name) {
            Some(binding) => Some(Found::Bound(binding)),
            None => self.out.scope(scope).is_dynamic.then_some(Found::Unknown),
        }
    }

    fn find(&self, scope: ScopeId, name: u32) -> Found {
        let mut next = Some(scope);
        while let Some(here) = next {
            if self.is_global(here, name) {
                return self.find_here(ScopeId::MODULE, name).unwrap_or(Found::Builtin);
            }
            let holder = self.out.scope(here);
            let is_visible = here == scope || holder.kind != ScopeKind::Class;
            if let Some(found) = self.find_here(here, name).filter(|_| is_visible) {
                return found;
            }
            next = holder.parent;
        }
        Found::Builtin
    }

    fn group_uses(&mut self) {
        let mut uses: Vec<(BindingId, NodeId)> = Vec::with_capacity(self.out.occurrences.len());
        for occurrence in &self.out.occurrences {
            if let Found::Bound(binding) = occurrence.found {
                uses.push((binding, occurrence.node));
            }
        }
        uses.sort_unstable();
        self.out.uses_end = (0..self.out.bindings.len())
            .map(|rank| uses.partition_point(|(binding, _)| binding.0 as usize <= rank))
            .collect();
        self.out.uses = uses.into_iter().map(|(_, node)| node).collect();
    }
}

/// `exec code` may bind names where it stands; `exec code in namespace` may not.
fn is_without_namespace(exec: Node<'_>) -> bool {
    exec.field("globals").is_none() && exec.field("code").is_none_or(|code| code.kind() != "tuple")
}

fn is_walrus(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "named_expression")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a tree has fewer than 2^32 nodes, and these are counted out of them"
)]
pub(super) const fn number(value: usize) -> u32 {
    value as u32
}
