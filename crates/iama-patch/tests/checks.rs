//! The long checks, reduced.

use iama_patch::checks::{fuzz_one, fuzz_seeded, run};

#[test]
fn no_generated_edit_lands_at_a_wrong_place() {
    let report = run(1_500, 1);
    assert_eq!((report.cases, report.wrong_place, report.missed), (1_500, 0, 0), "{report:?}");
    assert!(report.applied > 200 && report.refused > 200, "{report:?}");
}

#[test]
fn no_input_makes_the_crate_panic() {
    fuzz_seeded(100, 1);
    for data in [&b""[..], b"|", b"\0|\xff|\xff|\xff|\xff", br#"{"schema":"iama.patch/1","base":{},"operations":[]}"#] {
        fuzz_one(data);
    }
}
