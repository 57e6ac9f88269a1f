//! The first revision, from what is known before anything is run: what IAMA holds to, the tests and scenarios that there are, and
//! what the recipes found.

use std::collections::{BTreeMap, BTreeSet};

use iama_recipes::{Class, Pair, Strategy};

use super::check::one_line;
use super::record::{Behaviour, Kind, Origin, SitePlace, SpecItem};
use crate::proposals::findings::FileFindings;
use crate::proposals::{ExposedName, Exposure};

/// Groups of places that get an item each; beyond, there is one item for each recipe.
const GROUPS: usize = 60;

/// Files of tests that get an item each; beyond, there is one for each folder.
const FILES: usize = 40;

/// Names that one text gives.
const NAMED: usize = 6;

/// What a draft is made from.
pub(crate) struct Ground<'a> {
    pub(crate) pair: &'a Pair,
    pub(crate) strategy: Strategy,
    /// The target language with its version.
    pub(crate) target: String,
    /// The source language, when the result must run on both.
    pub(crate) both: Option<&'a str>,
    pub(crate) tests: &'a [String],
    pub(crate) test_command: Option<&'a str>,
    /// Names and commands of scenarios.
    pub(crate) scenarios: Vec<(String, String)>,
    /// Whether calls of the legacy code are recorded.
    pub(crate) records: bool,
    /// Whether recipes write source.
    pub(crate) recipes: bool,
    /// Whether models may write it.
    pub(crate) models: bool,
    /// What the recipes of the strategy found.
    pub(crate) found: &'a [FileFindings],
    /// Public names that may be something else.
    pub(crate) surface: &'a [ExposedName],
}

/// The items, those of behaviour and design without ids.
pub(crate) fn items(ground: &Ground<'_>) -> Vec<SpecItem> {
    let mut items = rules(ground);
    items.extend(tests(ground));
    items.extend(scenarios(ground));
    items.extend(recorded(ground));
    items.extend(places_to_check(ground));
    items.extend(rewrites(ground));
    items.extend(left_alone(ground));
    items.extend(declarations(ground));
    items
}

fn rules(ground: &Ground<'_>) -> Vec<SpecItem> {
    let item = |id: &str, text: String| SpecItem { id: id.to_owned(), ..plain(Kind::Rule, text) };
    let both = ground.both.map(|both| format!(" and {both}")).unwrap_or_default();
    vec![
        item("TARGET", format!("Every migrated file is valid {}{both}.", ground.target)),
        item(
            "TESTS",
            format!(
                "Every test that passes on the legacy code passes on the result (files of tests: {}).",
                ground.tests.len()
            ),
        ),
        item("SEAL", "Tests are carried over by recipes alone; none is lost, and no assertion or literal.".to_owned()),
        item("SCOPE", scope(ground)),
    ]
}

/// Who writes. What a model may write is held to by what is sealed and by what it was shown, whatever it answers.
fn scope(ground: &Ground<'_>) -> String {
    let strategy = ground.strategy.name();
    match (ground.recipes, ground.models) {
        (true, false) => format!("Only recipes of the strategy {strategy} write, and each place says which."),
        (true, true) => format!(
            "Recipes of the strategy {strategy} write, and models write in files that failing tests point to; each place says \
             who."
        ),
        (false, _) => "Recipes write in tests alone, and models in files that failing tests point to; each place says \
                       who."
            .to_owned(),
    }
}

fn plain(kind: Kind, text: String) -> SpecItem {
    let (recipes, places) = (Vec::new(), Vec::new());
    SpecItem { id: String::new(), kind, text, behaviour: None, origin: Origin::Recipes, recipes, places }
}

fn behaviour(text: String, [given, when, then]: [String; 3], places: Vec<SitePlace>) -> SpecItem {
    let [text, given, when, then] = [text, given, when, then].map(|text| one_line(&text));
    SpecItem { behaviour: Some(Behaviour { given, when, then }), places, ..plain(Kind::Behaviour, text) }
}

fn whole(file: &str) -> SitePlace {
    SitePlace { file: file.to_owned(), lines: Vec::new() }
}

fn tests(ground: &Ground<'_>) -> Vec<SpecItem> {
    let item = |what: &str, files: &[&String]| {
        behaviour(
            format!("What the tests in {what} show stays as it is."),
            [
                format!("the tests in {what} that pass on the legacy code"),
                "they run on the result, carried over by recipes alone".to_owned(),
                "each of them passes".to_owned(),
            ],
            files.iter().map(|file| whole(file)).collect(),
        )
    };
    let command = ground.test_command.map(|command| {
        behaviour(
            format!("What `{command}` shows stays as it is."),
            [
                format!("`{command}` ends well on the legacy code"),
                "it runs on the result".to_owned(),
                "it ends well, too".to_owned(),
            ],
            Vec::new(),
        )
    });
    if ground.tests.len() <= FILES {
        return ground.tests.iter().map(|file| item(file, &[file])).chain(command).collect();
    }
    let mut folders: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for file in ground.tests {
        folders.entry(file.rsplit_once('/').map_or(".", |(folder, _)| folder)).or_default().push(file);
    }
    let of_folder = |(folder, files): (&str, Vec<&String>)| item(&format!("{folder} ({} files)", files.len()), &files);
    folders.into_iter().map(of_folder).chain(command).collect()
}

fn scenarios(ground: &Ground<'_>) -> Vec<SpecItem> {
    let item = |(name, command): &(String, String)| {
        behaviour(
            format!("The scenario {name} stays as it is."),
            [
                "a fresh copy of the project".to_owned(),
                format!("`{command}` runs"),
                "it ends with the same code, output and files as on the legacy code".to_owned(),
            ],
            Vec::new(),
        )
    };
    ground.scenarios.iter().map(item).collect()
}

fn recorded(ground: &Ground<'_>) -> Option<SpecItem> {
    ground.records.then(|| {
        behaviour(
            "Recorded calls of the legacy code do the same on the result.".to_owned(),
            [
                "calls that were recorded while the legacy code ran".to_owned(),
                "each is made again on the result".to_owned(),
                "it returns, raises and changes what it did before".to_owned(),
            ],
            Vec::new(),
        )
    })
}

/// Findings of one kind at places of files.
#[derive(Default)]
struct Group<'a> {
    places: BTreeMap<&'a str, BTreeSet<u32>>,
    symbols: BTreeSet<&'a str>,
    whys: BTreeSet<&'a str>,
}

impl Group<'_> {
    fn count(&self) -> usize {
        self.places.values().map(BTreeSet::len).sum()
    }

    fn sites(&self) -> Vec<SitePlace> {
        let site = |(file, lines): (&&str, &BTreeSet<u32>)| SitePlace {
            file: (*file).to_owned(),
            lines: lines.iter().copied().collect(),
        };
        self.places.iter().map(site).collect()
    }

    /// Where it is, in words: the place itself, or how many there are in which files.
    fn told(&self) -> String {
        let files: Vec<&str> = self.places.keys().copied().collect();
        let inside = match &self.symbols.iter().copied().collect::<Vec<_>>()[..] {
            [] => String::new(),
            names => format!(" (in {})", some(names)),
        };
        match (&files[..], self.count()) {
            ([file], 1) => {
                let line = self.places.values().flatten().next().copied().unwrap_or(1);
                format!("{file}:{line}{inside}")
            }
            ([file], places) => format!("{places} places of {file}{inside}"),
            (files, places) => format!("{places} places of {} files ({})", files.len(), some(files)),
        }
    }
}

fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn grouped<'a, K: Ord>(
    found: &'a [FileFindings],
    class: Option<Class>,
    key: impl Fn(&'a FileFindings, &'a crate::proposals::findings::Found) -> K,
) -> BTreeMap<K, Group<'a>> {
    let mut groups: BTreeMap<K, Group<'a>> = BTreeMap::new();
    for file in found {
        let wanted = file.notes.iter().filter(|note| match class {
            Some(class) => note.class == class,
            None => note.class != Class::Refused,
        });
        for note in wanted {
            let group = groups.entry(key(file, note)).or_default();
            group.places.entry(&file.path).or_default().insert(note.line);
            group.symbols.extend(note.symbol.as_deref());
            group.whys.insert(&note.why);
        }
    }
    groups
}

fn title<'a>(pair: &Pair, id: &'a str) -> &'a str {
    pair.recipes.iter().find(|recipe| recipe.id == id).map_or(id, |recipe| recipe.title)
}

/// Each place whose meaning may change is a question about behaviour.
fn places_to_check(ground: &Ground<'_>) -> Vec<SpecItem> {
    let fine = grouped(ground.found, Some(Class::Check), |file, note| {
        (note.recipe.as_str(), note.why.as_str(), file.path.as_str())
    });
    let rows: Vec<(&str, Group<'_>)> = if fine.len() <= GROUPS {
        fine.into_iter().map(|((recipe, ..), group)| (recipe, group)).collect()
    } else {
        grouped(ground.found, Some(Class::Check), |_, note| note.recipe.as_str()).into_iter().collect()
    };
    let item = |(recipe, group): &(&str, Group<'_>)| {
        let (title, place) = (title(ground.pair, recipe), group.told());
        let why = group.whys.iter().next().copied().unwrap_or_default();
        let more = group.whys.len().saturating_sub(1);
        let more = if more > 0 { format!(" (and {more} other reasons)") } else { String::new() };
        let made = behaviour(
            format!("What {place} does stays as it is. Rewritten there: {title}; {why}{more}."),
            [
                format!("code that runs through {place}"),
                format!("it runs on the result, where the recipe {recipe} has rewritten it"),
                "it does what it does on the legacy code".to_owned(),
            ],
            group.sites(),
        );
        SpecItem { recipes: vec![(*recipe).to_owned()], ..made }
    };
    rows.iter().map(item).collect()
}

fn rewrites(ground: &Ground<'_>) -> Vec<SpecItem> {
    let groups = grouped(ground.found, None, |_, note| note.recipe.as_str());
    let item = |(recipe, group): (&str, Group<'_>)| SpecItem {
        recipes: vec![recipe.to_owned()],
        places: group.sites(),
        ..plain(
            Kind::Design,
            one_line(&format!("Rewrite {}: {} ({recipe}).", group.told(), title(ground.pair, recipe))),
        )
    };
    groups.into_iter().map(item).collect()
}

fn left_alone(ground: &Ground<'_>) -> Vec<SpecItem> {
    let fine = grouped(ground.found, Some(Class::Refused), |_, note| (note.recipe.as_str(), Some(note.why.as_str())));
    let groups = if fine.len() <= GROUPS {
        fine
    } else {
        grouped(ground.found, Some(Class::Refused), |_, note| (note.recipe.as_str(), None))
    };
    let item = |(recipe, why): (&str, Option<&str>), group: Group<'_>| {
        let more = format!("{} reasons", group.whys.len());
        let text = format!("Leave {} as it is ({recipe}): {}.", group.told(), why.unwrap_or(&more));
        let recipes = vec![recipe.to_owned()];
        SpecItem { recipes, places: group.sites(), ..plain(Kind::Design, one_line(&text)) }
    };
    groups.into_iter().map(|(key, group)| item(key, group)).collect()
}

fn declarations(ground: &Ground<'_>) -> Option<SpecItem> {
    let rows: Vec<&ExposedName> = ground.surface.iter().filter(|row| row.exposure == Exposure::Signature).collect();
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let mut places: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for row in &rows {
        places.entry(&row.file).or_default().insert(row.line);
    }
    let site =
        |(file, lines): (&str, BTreeSet<u32>)| SitePlace { file: file.to_owned(), lines: lines.into_iter().collect() };
    (!rows.is_empty()).then(|| SpecItem {
        places: places.into_iter().map(site).collect(),
        ..plain(Kind::Design, one_line(&format!("Declare public names in another way: {}.", some(&names))))
    })
}
