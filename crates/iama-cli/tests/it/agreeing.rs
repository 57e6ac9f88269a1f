//! The questions before work: proposals and the spec.

use std::fs;

use serde_json::Value;

use crate::world::World;

const SOURCE: &str = "def show(x):\n    print x\n\ndef half(a, b):\n    return a / b\n";
const TEST: &str = "import lib\n\ndef test_half():\n    assert lib.half(5, 2) == 2\n";

fn project() -> World {
    World::new(&[("lib.py", SOURCE), ("user.py", "import lib\n"), ("test_lib.py", TEST), ("requirements.txt", "PIL\n")])
}

fn record(world: &World, name: &str) -> Value {
    serde_json::from_slice(&fs::read(world.job().join(name)).unwrap()).unwrap()
}

#[test]
fn three_proposals_say_what_each_of_them_leaves_and_meets() {
    let world = project();
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    let proposals = record(&world, "proposals.json");
    let rows: Vec<_> = proposals.as_array().unwrap().iter().collect();
    let of = |row: &Value| (row["strategy"].clone(), row["left"].clone(), row["files"].clone());
    let told: Vec<_> = rows.iter().map(|row| of(row)).collect();
    let expected = [("CONSERVATIVE", 1, 2), ("STANDARD", 1, 2), ("COMPREHENSIVE", 0, 2)]
        .map(|(name, left, files)| (Value::from(name), Value::from(left), Value::from(files)));
    assert_eq!(told, expected);
    let largest = rows[2];
    let areas: Vec<_> = largest["segments"].as_array().unwrap().iter().map(|row| row["area"].clone()).collect();
    assert_eq!(areas, ["syntax", "meaning", "interfaces", "dependencies", "tests"]);
    assert_eq!(largest["surface"][0]["name"], "half");
    assert_eq!(largest["dependencies"][0]["instead"], "Pillow");
    assert_eq!(largest["reach"]["importers"], serde_json::json!(["test_lib.py", "user.py"]));
    assert_eq!(largest["price"]["high_millicents"], 0);
}
